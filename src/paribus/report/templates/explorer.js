// The explorer: failed test images to filter, sort and open, from the data in this very file.
// All that is chosen stands in the address after "#", so that a finding can be sent to someone else.
// Names in the data are other people's text: they only ever become text nodes, never markup.
"use strict";

const data = JSON.parse(document.getElementById("explorer-data").textContent);
const part = (name) => document.getElementById(`explorer-${name}`);

// ---- What can be chosen ----------------------------------------------------------------------

const KINDS = {
  "": "any failure",
  systematic: "systematic: every seed wrong",
  "seed-dependent": "seed-dependent: some seeds wrong",
  "one-seed": "wrong in the only seed",
  fixed: "fixed by a variation",
  broken: "broken by a variation",
};

// How an image is ranked, smallest first, and what its card then says of it.
const SORTS = {
  wrong: { title: "most seeds wrong", rank: (its) => -its.wrong / its.seeds, says: agreement },
  confident: { title: "most confident error", rank: (its) => -its.p[1], says: rivalShare },
  boundary: { title: "closest to the boundary", rank: (its) => Math.abs(its.margin), says: bothShares },
  suspicion: { title: "label-error suspicion", rank: (its) => its.image.suspicion?.rank ?? 0, says: suspicionRank },
  fixed: { title: "most fixed", rank: (its) => -its.fixed[0], says: (its) => change("fixed", its.fixed) },
  broken: { title: "most broken", rank: (its) => -its.broken[0], says: (its) => change("broken", its.broken) },
};

const MAPS = { gradients: "integrated gradients", occlusion: "occlusion", none: "none" };

const DEFAULTS = {
  setting: data.settings[0].name, true: "", predicted: "", kind: "", least: 0, sort: "wrong",
  index: -1, map: "gradients", opacity: 70,
};

// ---- The address -----------------------------------------------------------------------------

// What an address asks for; whatever makes no sense in it counts as not chosen.
function read(hash) {
  const [view, query = ""] = hash.slice(1).split("?", 2);
  const given = new URLSearchParams(query);
  const text = (name, allowed) => (allowed.includes(given.get(name)) ? given.get(name) : DEFAULTS[name]);
  const whole = (name, least, most) => {
    const number = Number(given.get(name) ?? NaN);
    return Number.isInteger(number) && number >= least && number <= most ? number : DEFAULTS[name];
  };
  const setting = text("setting", data.settings.map((one) => one.name));
  return {
    view, setting,
    true: text("true", data.names), predicted: text("predicted", data.names),
    kind: text("kind", Object.keys(KINDS)), sort: text("sort", Object.keys(SORTS)),
    least: whole("least", 1, settingOf(setting).seeds),
    index: whole("index", 0, Number.MAX_SAFE_INTEGER),
    map: text("map", Object.keys(MAPS)), opacity: whole("opacity", 0, 100),
  };
}

function address(view, state) {
  const onlyOfImages = ["index", "map", "opacity"];
  const query = new URLSearchParams({ setting: state.setting });
  for (const [name, usual] of Object.entries(DEFAULTS)) {
    if (view === "explorer" && onlyOfImages.includes(name)) continue;
    if (state[name] !== usual) query.set(name, state[name]);
  }
  return `#${view}?${query}`;
}

// ---- Small words -----------------------------------------------------------------------------

const whole = (number) => number.toLocaleString("en-GB");
const percent = (share) => `${(100 * share).toFixed(1)}\u00a0%`;
const counted = (number, one, many = `${one}s`) => `${whole(number)}\u00a0${number === 1 ? one : many}`;
const settingOf = (name) => data.settings.find((one) => one.name === name);

// An element with its properties and what is in it; strings become text.
function make(tag, properties = {}, ...inside) {
  const element = Object.assign(document.createElement(tag), properties);
  element.append(...inside);
  return element;
}

// A class's name, whatever direction it is written in.
const named = (number) => make("bdi", { textContent: data.names[number] });

// Letters of a file's name on a card.
const LONGEST = 20;

// The end of a path, which tells files apart; of a long name, what it begins and ends with.
function shortName(file) {
  const letters = [...file.split("/").at(-1)];
  return letters.length > LONGEST ? `${letters.slice(0, 6).join("")}\u2026${letters.slice(7 - LONGEST).join("")}` : letters.join("");
}

function agreement(its) {
  return [its.wrong ? `${its.wrong} of ${its.seeds} seeds wrong` : "no seed wrong"];
}

function rivalShare(its) {
  if (its.p[1] === null) return [named(its.rival)];
  return [named(its.rival), ` ${percent(its.p[1])}`];
}

function bothShares(its) {
  if (its.p[0] === null) return [named(its.rival)];
  return [named(its.true), ` ${percent(its.p[0])}, `, named(its.rival), ` ${percent(its.p[1])}`];
}

function suspicionRank(its) {
  if (!its.image.suspicion) return ["suspicion unknown"];
  return [`suspicion rank ${whole(its.image.suspicion.rank)}`];
}

function change(verb, [times, seeds, setting]) {
  if (!seeds) return [`never ${verb}`];
  return [`${verb} in ${times} of ${counted(seeds, "seed")} by ${data.settings[setting].name}`];
}

// ---- Which images --------------------------------------------------------------------------

// What is known of an image in one setting, together with what is known of it in all.
function factsOf(image, setting) {
  const own = image.settings[data.settings.indexOf(setting)];
  return { image, setting, seeds: setting.seeds, ...own };
}

const isMistaken = (its, name) =>
  its.votes.some(([number]) => data.names[number] === name && number !== its.true);

const isChange = (kind) => kind === "fixed" || kind === "broken";

function fits(its, state) {
  const changed = isChange(state.kind);
  if (changed ? !its.changes.includes(state.kind) : its.wrong === 0) return false;
  return (!state.true || data.names[its.true] === state.true)
    && (!state.predicted || isMistaken(its, state.predicted))
    && (!state.kind || changed || its.kind === state.kind)
    && its.wrong >= state.least;
}

function listed(state) {
  const rank = SORTS[state.sort].rank;
  // Equals stay in the data's order, the most telling first.
  return data.cases
    .map((image) => factsOf(image, settingOf(state.setting)))
    .filter((its) => fits(its, state))
    .map((its) => [rank(its), its])
    .sort(([a], [b]) => (a === b ? 0 : a - b))
    .map(([, its]) => its);
}

// How many test images there are of a true and a predicted class, those not kept here included.
function known(state) {
  const setting = settingOf(state.setting);
  const taken = setting.cells.filter(([, given]) => data.names[given] === state.predicted);
  const rows = state.predicted ? taken.map(([own, , count]) => [own, count]) : setting.wrong;
  return rows
    .filter(([own]) => !state.true || data.names[own] === state.true)
    .reduce((sum, [, count]) => sum + count, 0);
}

// "3 images. Of the 143 images that at least one seed takes ..., 3 are kept here; ..."
function countSentence(state, number) {
  if (isChange(state.kind)) return [`${counted(number, "image")} shown, of those kept here; tables/failures.csv lists all.`];
  const kept = listed({ ...state, kind: "", least: 0 }).length;
  const all = known(state);
  const which = ["that at least one seed of ", state.setting, ...verb(state)];
  const rest = kept < all
    ? [`${whole(kept)} of the ${counted(all, "image")} `, ...which,
      ` ${kept === 1 ? "is" : "are"} kept here; tables/failures.csv lists all.`]
    : [all === 1 ? "The only image " : `All ${counted(all, "image")} `, ...which, ` ${all === 1 ? "is" : "are"} kept here.`];
  if (all === 0) return ["There is no image ", ...which, "."];
  return number === kept ? rest : [`${counted(number, "image")} shown. `, ...rest];
}

function verb(state) {
  const quoted = (name) => make("bdi", { textContent: name });
  if (state.true && state.predicted) return [" takes for ", quoted(state.predicted), " although they show ", quoted(state.true)];
  if (state.true) return [" takes for another class although they show ", quoted(state.true)];
  if (state.predicted) return [" wrongly takes for ", quoted(state.predicted)];
  return [" gets wrong"];
}

// ---- The list --------------------------------------------------------------------------------

const PAGEFUL = 24;

// `opened`: the image that the reader comes back from; its card is shown however far down it is.
function showList(state, opened) {
  const images = listed(state);
  const place = images.findIndex((its) => its.image.index === opened);
  fillFilters(state);
  part("count").replaceChildren(...countSentence(state, images.length));
  part("cards").replaceChildren();
  showCards(images, Math.max(PAGEFUL, place + 1), state);
}

function showCards(images, number, state) {
  const there = part("cards").childElementCount;
  part("cards").append(...images.slice(there, number).map((its) => make("li", {}, card(its, state))));
  const left = images.length - part("cards").childElementCount;
  part("more").hidden = left <= 0;
  part("more").textContent = `Show ${Math.min(left, PAGEFUL)} more of ${whole(left)}`;
  part("more").onclick = () => {
    showCards(images, number + PAGEFUL, state);
    part("cards").children[number].firstElementChild.focus();
  };
}

function card(its, state) {
  const { index, original, file } = its.image;
  const link = make("a", { href: address("image", { ...state, index }) });
  link.dataset.index = index;
  if (data.withImages) link.append(image(original, `Test image ${index}`, index));
  link.append(make("span", {}, ...taken(its, state)), make("span", { className: "detail" }, ...SORTS[state.sort].says(its)));
  if (file) link.append(make("bdi", { className: "detail file", dir: "ltr", title: file, textContent: shortName(file) }));
  return link;
}

// What an image is taken for: the class that was chosen and its seeds, else the most frequent one.
function taken(its, state) {
  if (!its.wrong) return [named(its.true)];
  const chosen = its.votes.find(([number]) => data.names[number] === state.predicted);
  if (!chosen) return [named(its.true), " taken for ", named(its.rival)];
  return [named(its.true), " taken for ", named(chosen[0]), ` in ${chosen[1]} of ${counted(its.seeds, "seed")}`];
}

function image(name, alt, index, properties = {}) {
  const source = data.images[name];
  if (!source) return make("span", { className: "missing", textContent: `image ${index} is missing` });
  return make("img", { src: source, alt, decoding: "async", ...properties });
}

function fillFilters(state) {
  const setting = settingOf(state.setting);
  const { seeds } = setting;
  const sorts = Object.entries(SORTS).filter(([sort]) => canBe(sort, seeds) && (canSort(sort, setting) || sort === state.sort));
  const classes = ["", ...data.names].map((name) => [name, name || "any"]);
  const agreeing = Array.from({ length: seeds }, (_, n) => [n + 1, `at least ${n + 1} of ${seeds}`]);
  fill("setting", data.settings.map(({ name }) => [name, name]), state);
  fill("true", classes, state);
  fill("predicted", classes, state);
  fill("kind", Object.entries(KINDS).filter(([kind]) => canBe(kind, seeds) || kind === state.kind), state);
  fill("least", [[0, "any number"], ...agreeing], state);
  fill("sort", sorts.map(([key, { title }]) => [key, title]), state);
}

// Some orders need probabilities, where the records may have predicted classes alone.
function canSort(sort, setting) {
  if (sort === "suspicion") return data.cases.every((one) => one.suspicion);
  return setting.hasProbabilities || !["confident", "boundary"].includes(sort);
}

// One seed can't disagree with itself, and nothing is fixed or broken without a variation.
function canBe(kind, seeds) {
  if (kind === "one-seed") return seeds === 1;
  if (kind === "systematic" || kind === "seed-dependent") return seeds > 1;
  return data.settings.length > 1 || !["fixed", "broken"].includes(kind);
}

function fill(name, options, state) {
  part(name).replaceChildren(...options.map(([value, textContent]) => make("option", { value, textContent, dir: "auto" })));
  part(name).value = state[name];
}

// ---- One image -----------------------------------------------------------------------------

function showImage(state, its) {
  showSteps(state, its);
  part("name").textContent = `Test image ${its.image.index}`;
  part("file").hidden = !its.image.file;
  part("file").replaceChildren(make("bdi", { dir: "ltr", textContent: its.image.file }));
  part("verdict").replaceChildren(...verdict(its));
  part("shares").hidden = its.p[0] === null;
  part("shares").replaceChildren(share("right", its.true, its.p[0]), share("wrong", its.rival, its.p[1]));
  showSides(state, its);
  part("votes").replaceChildren(...data.settings.map((setting) => voteRow(state, its.image, setting)));
  showNearest(its);
  part("suspicion-part").hidden = !its.image.suspicion;
  if (its.image.suspicion) part("suspicion").textContent = suspicion(its.image.suspicion);
}

function verdict(its) {
  if (its.wrong === 0) return ["All seeds of ", its.setting.name, " rightly call it ", named(its.true), "."];
  return [named(its.true), " taken for ", named(its.rival), `: ${its.wrong} of ${counted(its.seeds, "seed")} of ${its.setting.name} wrong.`];
}

function share(side, number, p) {
  const row = make("div", { className: side }, make("dt", {}, named(number)), make("dd", { textContent: percent(p) }));
  row.style.setProperty("--share", `${(100 * p).toFixed(1)}%`);
  return row;
}

// The way back, and to the neighbors in the list as it is filtered and sorted.
function showSteps(state, its) {
  const images = listed(state);
  const at = images.findIndex((one) => one.image === its.image);
  part("back").href = address("explorer", state);
  part("place").textContent = at < 0 ? "" : `${whole(at + 1)} of ${whole(images.length)}`;
  step("previous", at < 0 ? undefined : images[at - 1], state);
  step("next", at < 0 ? undefined : images[at + 1], state);
}

function step(name, its, state) {
  part(name).hidden = !its;
  if (its) part(name).href = address("image", { ...state, index: its.image.index });
}

function showSides(state, its) {
  const { index, original } = its.image;
  part("sides").hidden = !data.withImages;
  part("original").replaceChildren(image(original, `Test image ${index}, the original`, index));
  part("seen").replaceChildren(image(its.seen, `Test image ${index} as the network saw it`, index, { className: "pixels" }));
  showMap(state, its);
}

function showMap(state, its) {
  const source = its.maps?.[state.map];
  part("controls").hidden = !its.maps;
  part("legend").hidden = !source;
  part("map").replaceChildren(...(source ? [make("img", { src: source, alt: `Attribution map: ${MAPS[state.map]}` })] : []));
  if (its.maps) part("target").replaceChildren(named(its.target));
  part("averaged").textContent = its.maps ? `Mean over ${counted(its.explained, "seed")}.` : "";
  for (const radio of document.getElementsByName("explorer-map")) radio.checked = radio.value === state.map;
  part("opacity").value = state.opacity;
  fade(state.opacity);
}

function fade(opacity) {
  part("map").style.opacity = opacity / 100;
  part("opacity-value").textContent = `${opacity}\u00a0%`;
}

function voteRow(state, image, setting) {
  const its = factsOf(image, setting);
  const isShown = setting.name === state.setting;
  const link = make("a", { href: address("image", { ...state, setting: setting.name, index: image.index, least: 0 }), textContent: setting.name });
  const name = make("th", { scope: "row" }, isShown ? setting.name : link);
  const cells = [[`${its.wrong} of ${its.seeds}`], votes(its), against(its)];
  return make("tr", { className: isShown ? "shown" : "" }, name, ...cells.map((inside) => make("td", {}, ...inside)));
}

function votes(its) {
  return its.votes.flatMap(([number, times], place) => [place ? ", " : "", named(number), ` (${times})`]);
}

function against(its) {
  if (its.setting.baseline) return ["\u2013"];
  const [fixed, seeds] = its.fixed;
  return seeds ? [`fixed in ${fixed}, broken in ${its.broken[0]} of ${counted(seeds, "seed")}`] : ["no seed in common"];
}

function showNearest(its) {
  part("nearest-part").hidden = !its.near;
  part("nearest").replaceChildren(...(its.near ?? []).map(([index, label, seeds, name]) => make("li", {},
    ...(data.withImages ? [image(name, `Training image ${index}`, index, { className: "pixels" })] : []),
    make("span", {}, named(label)),
    make("span", { className: "detail", textContent: `${seeds} of ${its.explained} seeds` }))));
}

function suspicion(its) {
  return `Rank ${whole(its.rank)} of ${counted(its.of, "test image")} (1 is the most suspicious), score ${its.score.toFixed(3)}. `
    + "The score says how little the networks of all settings believe the label; it doesn't prove it wrong.";
}

// ---- The confusion matrices ------------------------------------------------------------------

// Cells that hold failures become links, and a matrix one stop of the Tab key.
function linkMatrix(table, isFirst) {
  const setting = settingOf(table.dataset.setting);
  if (!setting) return;
  for (const [own, given, count] of setting.cells) {
    const cell = table.tBodies[0].rows[own].cells[given + 1];
    linkCell(cell, setting, own, given, count);
  }
  const first = table.querySelector("a");
  if (!first) return;
  first.tabIndex = 0;
  table.closest(".scroll").removeAttribute("tabindex");
  // Said once: the other matrices work alike.
  const hint = ". Choose a cell to see its images.";
  if (isFirst) table.caption.firstElementChild.append(make("span", { className: "on-screen", textContent: hint }));
  table.setAttribute("aria-description", "A cell leads to its images; arrow keys move between cells.");
  table.addEventListener("keydown", (event) => moveInMatrix(event, table));
}

function linkCell(cell, setting, own, given, count) {
  const [from, to] = [data.names[own], data.names[given]];
  const link = make("a", {
    href: address("explorer", { ...DEFAULTS, setting: setting.name, true: from, predicted: to }),
    title: `${from} taken for ${to}: ${counted(count, "image")} in at least one seed`,
    tabIndex: -1,
  });
  link.append(...cell.childNodes);
  cell.append(link);
}

function moveInMatrix(event, table) {
  const step = { ArrowRight: [0, 1], ArrowLeft: [0, -1], ArrowDown: [1, 0], ArrowUp: [-1, 0] }[event.key];
  const from = event.target.closest("td");
  if (!step || !from) return;
  event.preventDefault();
  let [row, column] = [from.parentElement.sectionRowIndex + step[0], from.cellIndex + step[1]];
  // On over cells without failures, such as those of the diagonal.
  for (let cell; (cell = table.tBodies[0].rows[row]?.cells[column]); row += step[0], column += step[1]) {
    if (cell.querySelector("a")) return focusCell(cell.querySelector("a"), event.target);
  }
}

function focusCell(link, before) {
  before.tabIndex = -1;
  link.tabIndex = 0;
  link.focus();
}

// ---- Putting it together ---------------------------------------------------------------------

let shown = { view: "", index: -1 };

// Show what the address asks for. `moved`: the reader followed a link, so the focus goes along.
function show(moved) {
  const asked = read(location.hash);
  const isOurs = ["", "explorer", "image"].includes(asked.view);
  if (shown.view && !isOurs) return; // a link to another section
  const image = data.cases.find(({ index }) => index === asked.index);
  const its = asked.view === "image" && image && factsOf(image, settingOf(asked.setting));
  const wasOpen = shown.view === "image" ? shown.index : -1;
  shown = { ...asked, view: its ? "image" : "explorer" };
  part("list").hidden = Boolean(its);
  part("image").hidden = !its;
  if (its) showImage(asked, its);
  else showList(asked, wasOpen);
  if (asked.view === "image" && !its) part("count").prepend(`Image ${asked.index} is not kept here. `);
  // Back at the page as it was opened, the reader is where they were in it.
  if (!moved || !(asked.view || wasOpen >= 0)) return;
  openAround(part("app"));
  focusOn(its ? part("name") : cardOf(wasOpen) ?? part("heading"));
}

const chosen = ({ id, value }) => (id === "explorer-least" ? Number(value) : value);

const cardOf = (index) => part("cards").querySelector(`[data-index="${index}"]`);

function focusOn(element) {
  element.focus({ preventScroll: true });
  element.scrollIntoView({ block: element.matches("h4") ? "start" : "center" });
}

// A choice by a control: the address follows, the focus stays where it is.
function choose(changes, remember) {
  // The whole address: in a notebook, one that begins with # would be of the notebook's page.
  const address_ = location.href.split("#")[0] + address(shown.view, { ...shown, ...changes });
  if (remember) history.pushState(null, "", address_);
  else history.replaceState(null, "", address_);
  show(false);
}

function start() {
  document.querySelectorAll("table[data-setting]").forEach((table, n) => linkMatrix(table, n === 0));
  for (const name of ["setting", "true", "predicted", "kind", "least", "sort"]) {
    part(name).addEventListener("change", (event) => choose({ [name]: chosen(event.target) }, true));
  }
  for (const radio of document.getElementsByName("explorer-map")) {
    radio.addEventListener("change", () => choose({ map: radio.value }, false));
  }
  part("opacity").addEventListener("input", (event) => fade(event.target.value));
  part("opacity").addEventListener("change", (event) => choose({ opacity: Number(event.target.value) }, false));
  window.addEventListener("hashchange", () => show(true));
  part("note").hidden = true;
  part("app").hidden = false;
  show(["#explorer", "#image"].some((view) => location.hash.startsWith(view)));
}

start();
