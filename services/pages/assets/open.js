// An entrant's link carries the key after "#", which no server sees. It is exchanged for a cookie by the form of the page, and then it is
// gone from the address. Without this module the key is pasted into the form.
const form = document.getElementById("open"), key = location.hash.slice(1);
if (form && key) {
  history.replaceState(null, "", location.pathname);
  form.elements.key.value = key;
  form.submit();
}
