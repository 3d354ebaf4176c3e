// A map of the border region. Rivers and coasts are simplified, in degrees east and north.

import { html, svg } from "./lit-html.js";
import { fill, language, number, t } from "./words.js";

const WEST = 114, EAST = 144.5, NORTH = 54.6, SOUTH = 41.2;
const WIDTH = 900;
const SCALE = WIDTH / (EAST - WEST);
const HEIGHT = Math.round((NORTH - SOUTH) * SCALE * 1.49); // a degree north is 1.49 degrees east at 48° north
const FINGER = 22; // CSS pixels around a circle's centre that choose it
const LONGEST = 11.5; // of a name, in ems
const phone = matchMedia("(max-width: 40rem)"); // where the style sheet enlarges the letters

const ARGUN = [[117.3, 49.5], [118.3, 49.8], [119.2, 50.1], [119.3, 50.6], [119.75, 51.3], [120.1, 51.7], [120.7, 52.1], [120.7, 52.6], [120.1, 52.75], [120.9, 53.3], [121.48, 53.33]];
const AMUR_BORDER = [[121.48, 53.33], [122.3, 53.47], [123.6, 53.55], [124.5, 53.2], [125.6, 53.05], [126.0, 52.6], [126.4, 52.1], [126.95, 51.4], [127.3, 50.7], [127.5, 50.27], [127.6, 49.8], [128.5, 49.6], [129.1, 49.35], [129.7, 49.3], [130.2, 48.9], [130.6, 48.6], [130.6, 48.1], [130.95, 47.75], [131.5, 47.7], [132.5, 47.75], [133.1, 48.1], [133.8, 48.3], [134.6, 48.4], [135.05, 48.47]];
const AMUR_LOWER = [[135.05, 48.47], [136.0, 49.2], [136.9, 50.0], [137.0, 50.55], [138.2, 51.0], [139.0, 51.9], [139.8, 52.6], [140.7, 53.1], [141.2, 53.1]];
const USSURI = [[134.75, 48.3], [134.7, 47.7], [134.2, 47.2], [134.0, 46.7], [133.8, 46.2], [133.5, 45.8], [133.1, 45.3], [132.9, 45.05], [131.85, 45.25]];
const LAND_BORDER = [[131.85, 45.25], [131.5, 44.95], [131.0, 44.85], [131.3, 44.05], [131.2, 43.5], [131.1, 43.0], [130.5, 42.65], [130.7, 42.3]];
const WEST_BORDER = [[117.3, 49.5], [116.7, 49.85], [115.5, 49.95], [114.3, 50.25], [113.4, 50.2]];
const SONGHUA = [[126.6, 45.75], [127.7, 46.0], [129.5, 46.2], [130.4, 46.8], [131.9, 47.3], [132.5, 47.75]];
const COAST = [[129.6, 41.0], [129.7, 41.6], [130.3, 42.2], [130.7, 42.3], [130.9, 42.6], [131.3, 42.75], [131.8, 43.3], [132.0, 43.1], [132.4, 43.2], [132.4, 42.85], [133.0, 42.75], [134.0, 43.0], [135.3, 43.8], [136.4, 44.7], [137.7, 46.0], [138.6, 47.2], [139.4, 48.0], [140.3, 48.7], [140.4, 49.9], [140.6, 51.0], [141.2, 51.9], [141.3, 52.4], [140.9, 52.9], [141.2, 53.2], [140.3, 53.8], [138.7, 54.0], [137.3, 53.8], [136.8, 54.7]];
const SAKHALIN = [[142.0, 45.95], [142.5, 46.6], [143.4, 46.2], [143.5, 46.8], [142.7, 47.4], [143.0, 48.6], [143.2, 49.3], [144.4, 49.1], [143.7, 50.5], [143.4, 52.0], [143.2, 53.4], [142.7, 54.4], [142.2, 53.4], [141.9, 52.0], [142.2, 51.0], [142.1, 49.6], [142.1, 48.1], [141.9, 47.0], [142.0, 45.95]];
const KHANKA = [[132.0, 45.3], [132.6, 45.2], [132.85, 44.9], [132.5, 44.6], [132.1, 44.7], [132.0, 45.3]];

const x = (east) => (east - WEST) * SCALE;
const y = (north) => (NORTH - north) * SCALE * 1.49;
const points = (line) => line.map(([east, north]) => `${x(east).toFixed(1)},${y(north).toFixed(1)}`).join(" ");
const SEA = [...COAST, [150, 54.7], [150, 40], [129.6, 40]];

// places: as /v1/overview gives them. choose(id): called with the place that was clicked.
export function mapOf(places, chosen, choose) {
  const most = Math.max(1, ...places.map((place) => place.articles));
  const radius = ({ articles }) => Math.round(4 + 11 * Math.sqrt(articles / most));
  const marks = apart(places.filter(inside).map((place) => ({ place, x: x(place.longitude), y: y(place.latitude), r: radius(place) })));
  const touch = (event) => {
    const mark = nearest(marks, event);
    if (mark) choose(mark.place.place_id);
  };
  return html`<svg class="map" viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" aria-label=${t.map_alt} @click=${touch}>
    ${svg`
      <polygon class="sea" points=${points(SEA)} />
      <polygon class="land" points=${points(SAKHALIN)} />
      <polygon class="lake" points=${points(KHANKA)} />
      <polyline class="river minor" points=${points(SONGHUA)} />
      <polyline class="river" points=${points(AMUR_LOWER)} />
      ${[WEST_BORDER, ARGUN, AMUR_BORDER, USSURI, LAND_BORDER].map((line) => svg`<polyline class="border" points=${points(line)} />`)}
      ${[ARGUN, AMUR_BORDER, USSURI].map((line) => svg`<polyline class="river" points=${points(line)} />`)}
      <text class="country" x=${x(121.5)} y=${y(47.2)}>${t.map_china}</text>
      <text class="country" x=${x(133.5)} y=${y(51.6)}>${t.map_russia}</text>
      <text class="water" x=${x(138.4)} y=${y(50.7)}>${t.map_amur}</text>
      <text class="water" x=${x(136.6)} y=${y(41.7)}>${t.map_sea}</text>
      ${marks.map((mark) => svg`<circle class=${`place${chosen.includes(mark.place.place_id) ? " chosen" : ""}`}
          cx=${mark.x.toFixed(1)} cy=${mark.y.toFixed(1)} r=${mark.r}>
          <title>${fill(t.bar, { when: mark.place.names[language], n: number(mark.place.articles) })}</title></circle>`)}
      ${labels(marks, chosen).map((label) => svg`<text class="name" x=${label.x} y=${label.y} text-anchor=${label.anchor}>${label.text}</text>`)}
    `}
  </svg>`;
}

// The circle that was meant: the nearest one within a finger's width.
function nearest(marks, event) {
  const { left, top, width } = event.currentTarget.getBoundingClientRect();
  const scale = width / WIDTH;
  const away = (mark) => Math.hypot(event.clientX - left - mark.x * scale, event.clientY - top - mark.y * scale) - mark.r * scale;
  const [first] = marks.filter((mark) => away(mark) <= Math.max(0, FINGER - mark.r * scale)).sort((one, other) => away(one) - away(other));
  return first;
}

const inside = ({ latitude, longitude }) => longitude > WEST && longitude < EAST && latitude > SOUTH && latitude < NORTH;

// Circles of towns on both sides of a river would overlap: push them apart, in a limited number of rounds.
function apart(marks) {
  for (let round = 0; round < 60; round++) {
    let moved = false;
    for (const [i, one] of marks.entries()) {
      for (const other of marks.slice(i + 1)) {
        const dx = other.x - one.x || 0.1, dy = other.y - one.y || 0.1;
        const distance = Math.hypot(dx, dy), wanted = one.r + other.r + 1;
        if (distance >= wanted) continue;
        const push = (wanted - distance) / distance / 2;
        one.x -= dx * push; one.y -= dy * push;
        other.x += dx * push; other.y += dy * push;
        moved = true;
      }
    }
    if (!moved) break;
  }
  return marks;
}

// Names of the most frequent places, each beside its circle, if there is room between the other names and circles.
function labels(marks, chosen) {
  const found = [];
  const [em, most] = phone.matches ? [27, 9] : [20, 14];
  const wanted = marks.filter((mark, rank) => rank < most || chosen.includes(mark.place.place_id));
  const taken = wanted.map((mark) => box(mark.x - mark.r, mark.y - mark.r, 2 * mark.r, 2 * mark.r));
  for (const mark of wanted) {
    const text = mark.place.names[language];
    const width = em * [...text].reduce((sum, c) => sum + (c > "\u2e80" ? 1 : 0.58), 0);
    if (width > LONGEST * em) continue;
    const { x, y, r } = mark;
    const spots = [
      { x: x + r + 4, y: y + em / 3, anchor: "start", left: x + r + 4 },
      { x: x - r - 4, y: y + em / 3, anchor: "end", left: x - r - 4 - width },
      { x, y: y - r - 6, anchor: "middle", left: x - width / 2 },
      { x, y: y + r + em, anchor: "middle", left: x - width / 2 },
    ];
    const spot = spots.find(({ left, y }) => left > 0 && left + width < WIDTH && !taken.some((other) => overlap(other, box(left, y - 0.8 * em, width, em))));
    if (!spot) continue;
    taken.push(box(spot.left, spot.y - 0.8 * em, width, em));
    found.push({ ...spot, text });
  }
  return found;
}

const box = (left, top, width, height) => ({ left, top, right: left + width, bottom: top + height });
const overlap = (a, b) => a.left < b.right && b.left < a.right && a.top < b.bottom && b.top < a.bottom;
