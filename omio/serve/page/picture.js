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
  const [long, tall, margin] = [bar.pixels * scale, 4 * scale, 20 * scale];
  const [x, y] = [pen.canvas.width - margin - long, pen.canvas.height - margin - tall];
  pen.font = `600 ${15 * scale}px system-ui, sans-serif`;
  pen.textAlign = "center";
  pen.lineJoin = "round";
  pen.lineWidth = 3 * scale;
  pen.strokeStyle = "rgb(0 0 0 / 65%)";
  pen.strokeRect(x, y, long, tall);
  pen.strokeText(bar.label, x + long / 2, y - 8 * scale);
  pen.fillStyle = "#fff";
  pen.fillRect(x, y, long, tall);
  pen.fillText(bar.label, x + long / 2, y - 8 * scale);
}
