// An entrant's link carries the key after "#", which is not sent to any server. The form of the page exchanges it for a
// cookie, and then the key is removed from the address. Without this module the key is pasted into the form.
const form = document.getElementById("open"), key = location.hash.slice(1);
if (form && key) {
  history.replaceState(null, "", location.pathname);
  form.elements.key.value = key;
  form.submit();
}
