// What is kept in this browser. Answers are in its own database: a short entry for each, to list and search, and the whole answer.

const MOST = 5000;
const TENTH = 500;

let opened = null;

// Texts kept until the tab is closed; none where storage is full or forbidden.
export const inTab = {
  read(name) {
    try {
      return sessionStorage.getItem(name);
    } catch {
      return null;
    }
  },
  write(name, text) {
    try {
      sessionStorage.removeItem(name); // so that an outdated text goes, even if the new one finds no room
      sessionStorage.setItem(name, text);
    } catch {
      // Works until the page is left.
    }
  },
};

export class NotKept extends Error {
  constructor(reason) {
    super(reason);
    this.reason = reason; // "forbidden" or "full"
  }
}

function database() {
  opened ??= new Promise((resolve, reject) => {
    const refuse = () => reject(new NotKept("forbidden"));
    try {
      const request = indexedDB.open("coopbot", 1);
      request.onupgradeneeded = () => ["entries", "answers"].forEach((name) => request.result.createObjectStore(name, { keyPath: "id" }));
      request.onsuccess = () => resolve(request.result);
      request.onerror = request.onblocked = refuse;
    } catch {
      refuse();
    }
  });
  return opened;
}

// Runs `act` with both stores in one transaction. Resolves to the result of the request that it returns, if any.
async function within(mode, act) {
  const transaction = (await database()).transaction(["entries", "answers"], mode);
  return new Promise((resolve, reject) => {
    const request = act(transaction.objectStore("entries"), transaction.objectStore("answers"));
    transaction.oncomplete = () => resolve(request?.result);
    transaction.onabort = () => reject(new NotKept(transaction.error?.name === "QuotaExceededError" ? "full" : "forbidden"));
  });
}

const write = (records) =>
  within("readwrite", (entries, answers) => {
    for (const { entry, turn } of records) {
      entries.put(entry);
      answers.put({ id: entry.id, turn });
    }
  });

// One after another, so that a list is never made in the middle of a change.
let last = Promise.resolve();
const inTurn = (act) => (last = last.then(act, act));

// records: of {entry, turn}. Where storage is full, the oldest tenth makes room. Throws NotKept.
export const put = (records) => inTurn(() => add(records));

async function add(records) {
  try {
    await write(records);
  } catch (error) {
    if (error.reason !== "full") throw error;
    const oldest = (await ids()).slice(0, TENTH);
    if (!oldest.length) throw error;
    await drop(oldest);
    await write(records);
  }
  const all = await ids();
  if (all.length > MOST) await drop(all.slice(0, all.length - MOST));
}

// Ids begin with the time, so they are in its order.
const ids = () => within("readonly", (entries) => entries.getAllKeys());

// All entries, oldest first.
export const list = () => inTurn(() => within("readonly", (entries) => entries.getAll()));

export const turnOf = async (id) => (await within("readonly", (_, answers) => answers.get(id)))?.turn;

export const remove = (gone) => inTurn(() => drop(gone));

const drop = (gone) => within("readwrite", (entries, answers) => gone.forEach((id) => [entries, answers].forEach((store) => store.delete(id))));
