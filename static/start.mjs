// How the page is told that its program could not be started; see index.html.
export default function () {
  return {
    onFailure(error) {
      globalThis.connectorCheckFailed(error);
    },
  };
}
