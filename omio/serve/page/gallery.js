// The images of the server to choose from.

export class Gallery {
  #dialog = document.getElementById("gallery");
  #list = document.getElementById("gallery-list");
  #filter = document.getElementById("gallery-filter");
  #items;

  constructor(entries, choose) {
    this.#items = entries.map((entry) => this.#item(entry, choose));
    this.#list.replaceChildren(...this.#items.map(({ element }) => element));
    this.#filter.hidden = entries.length < 8;
    this.#filter.addEventListener("input", () => this.#sift());
    document.getElementById("open-gallery").addEventListener("click", () => this.show());
  }

  show() {
    this.#dialog.showModal();
    this.#list.querySelector("[aria-current=true]")?.focus();
  }

  mark(id) {
    for (const { entry, button } of this.#items) button.setAttribute("aria-current", entry.id === id);
  }

  #item(entry, choose) {
    const element = document.createElement("li");
    const button = Object.assign(document.createElement("button"), { type: "button", title: entry.name });
    const picture = Object.assign(new Image(), { src: entry.thumbnail, alt: "", loading: "lazy", decoding: "async" });
    picture.addEventListener("error", () => picture.replaceWith(Object.assign(document.createElement("span"), { className: "missing", textContent: "no picture" })));
    button.append(picture, Object.assign(document.createElement("span"), { textContent: entry.name }));
    button.addEventListener("click", () => {
      this.#dialog.close();
      choose(entry);
    });
    element.append(button);
    return { entry, element, button };
  }

  #sift() {
    const wanted = this.#filter.value.trim().toLowerCase();
    for (const { entry, element } of this.#items) element.hidden = !entry.name.toLowerCase().includes(wanted);
  }
}
