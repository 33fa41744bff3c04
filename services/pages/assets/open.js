// An entrant's link carries the key after "#", which is not sent to any server. The form of the page exchanges it for a
// cookie, and then the key is removed from the address. A page that is open by the same key stays as it is. Without this
// module the key is pasted into the form.
const form = document.getElementById("open");
const take = () => {
  const key = location.hash.slice(1);
  if (!form || !/^[0-9a-f]{32}\./.test(key)) return;
  history.replaceState(null, "", location.pathname);
  if (key === form.dataset.key) return;
  form.elements.key.value = key;
  form.submit();
};
// Also where a link is pasted into the address of a page that is open.
addEventListener("hashchange", take);
take();
