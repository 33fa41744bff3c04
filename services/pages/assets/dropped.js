// Every file that was dropped on a page, with its path within the dropped folders: `{ file, path }`. Rejects if one
// cannot be read.
const below = async (entry, path) => {
  if (entry.isFile) return [{ file: await new Promise((resolve, reject) => { entry.file(resolve, reject); }), path: path + entry.name }];
  const reader = entry.createReader(), found = [];
  for (;;) {
    // A directory is read in portions; an empty portion is the last one.
    const some = await new Promise((resolve, reject) => { reader.readEntries(resolve, reject); });
    if (some.length === 0) return found;
    for (const one of some) found.push(...await below(one, `${path}${entry.name}/`));
  }
};

// The entries are taken immediately, because the browser discards them after the event.
export const dropped = async ({ items }) => {
  const entries = [...items].map((item) => item.webkitGetAsEntry()).filter(Boolean);
  return (await Promise.all(entries.map((entry) => below(entry, "")))).flat();
};
