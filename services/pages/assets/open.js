// An entrant's link carries the key after "#", which no server sees. It is exchanged for a cookie by the form of the page, and then it is
// gone from the address. A page that was opened by the same key already stays as it is. Without this module the key is pasted into the form.
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
