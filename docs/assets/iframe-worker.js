// The site's search runs in a worker, and browsers start none for a page that is opened from disk.
// There, a hidden frame takes its place: it loads the same script, and messages are passed on.
if (location.protocol === "file:") {
  const load = (place, address) => new Promise((done, failed) => {
    const script = place.document.createElement("script");
    script.src = address;
    script.onload = done;
    script.onerror = failed;
    place.document.head.append(script);
  });

  class IFrameWorker extends EventTarget {
    constructor(address) {
      super();
      const frame = document.createElement("iframe");
      frame.hidden = true;
      document.body.append(frame);
      this.inside = frame.contentWindow;
      this.inside.postMessage = data => this.dispatchEvent(new MessageEvent("message", { data }));
      this.inside.importScripts = (...all) => Promise.all(all.map(one => load(this.inside, one)));
      this.loaded = load(this.inside, new URL(address, location.href));
    }

    async postMessage(data) {
      await this.loaded;
      this.inside.dispatchEvent(new MessageEvent("message", { data }));
    }
  }

  window.Worker = window.IFrameWorker = IFrameWorker;
}
