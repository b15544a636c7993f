// A picture of what is seen, with its scale bar, as a PNG to be saved.

export async function savePicture(stage, bar, name) {
  const { drawing } = stage;
  const canvas = Object.assign(document.createElement("canvas"), { width: drawing.width, height: drawing.height });
  const pen = canvas.getContext("2d");
  pen.fillStyle = getComputedStyle(document.getElementById("stage")).backgroundColor;
  pen.fillRect(0, 0, canvas.width, canvas.height);
  pen.drawImage(drawing, 0, 0);
  if (bar.pixels) paintBar(pen, bar, drawing.width / stage.canvas.clientWidth);
  const blob = await new Promise((resolve) => canvas.toBlob(resolve, "image/png"));
  const link = Object.assign(document.createElement("a"), { href: URL.createObjectURL(blob), download: `${name}.png` });
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}

function paintBar(pen, bar, scale) {
  const [long, tall, gap, margin] = [bar.pixels * scale, 4 * scale, 10 * scale, 12 * scale];
  pen.font = `600 ${15 * scale}px system-ui, sans-serif`;
  pen.textAlign = "center";
  const wide = Math.max(long, pen.measureText(bar.label).width) + 2 * gap;
  const high = 15 * scale + tall + 2.4 * gap;
  const [left, top] = [pen.canvas.width - margin - wide, pen.canvas.height - margin - high];
  pen.fillStyle = "rgb(8 10 13 / 62%)";
  pen.beginPath();
  pen.roundRect(left, top, wide, high, 6 * scale);
  pen.fill();
  pen.fillStyle = "#fff";
  pen.fillRect(left + (wide - long) / 2, top + high - gap - tall, long, tall);
  pen.fillText(bar.label, left + wide / 2, top + high - 1.7 * gap - tall);
}
