// One stream of events for all pages of a browser, which opens no more than six connections to a server.
const ports = new Set();
let latest = null;

function listen() {
  const source = new EventSource("events");
  source.onmessage = ({ data }) => {
    latest = JSON.parse(data);
    for (const port of ports) port.postMessage(latest);
  };
  source.onerror = () => {
    if (source.readyState === EventSource.CLOSED) setTimeout(listen, 500); // it tries the rest again by itself
  };
}

addEventListener("connect", ({ ports: [port] }) => {
  ports.add(port);
  port.onmessage = () => ports.delete(port); // the page is gone
  if (latest) port.postMessage(latest);
});

listen();
