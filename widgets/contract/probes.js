// What the rules ask a page in the browser. Runs in the page from outside, past its policy. Each answers with
// sentences, or what is asked for.
(() => {
  const main = () => document.querySelector("main");
  const tag = (node) => {
    const copy = node.cloneNode(false);
    if (!node.matches("input, table, tbody, thead, tr, ol, ul")) copy.textContent = node.textContent.trim().slice(0, 30);
    return copy.outerHTML.replace(/\s+/g, " ").slice(0, 120);
  };
  const isDrawn = (node) => node.getClientRects().length > 0 && node.checkVisibility({ visibilityProperty: true });
  // Parts that scroll by themselves or end in an ellipsis, and what only a screen reader is to have.
  const isApart = (node) => {
    for (let at = node; at && at !== document.documentElement; at = at.parentElement) {
      const { overflowX, textOverflow, clipPath, position, width } = getComputedStyle(at);
      const isShortened = overflowX === "hidden" && textOverflow === "ellipsis" && at !== node;
      if ((["auto", "scroll"].includes(overflowX) || isShortened) && at !== document.body) return true;
      if (position === "absolute" && (clipPath !== "none" || width === "1px")) return true;
    }
    return false;
  };
  const isHidden = (overflow) => ["hidden", "clip"].includes(overflow);
  // Text behind the edge of its own box. An ellipsis with a title says it all, and what is aria-hidden is said elsewhere.
  const isClipped = (node) => {
    const { overflowX, overflowY, textOverflow } = getComputedStyle(node);
    const isSaid = textOverflow === "ellipsis" && node.closest("[title]");
    return (
      node.clientWidth > 0 && node.textContent.trim() !== "" &&
      ((isHidden(overflowX) && node.scrollWidth > node.clientWidth + 1 && !isSaid) ||
        (isHidden(overflowY) && node.scrollHeight > node.clientHeight + 4))
    );
  };

  const FOCUS = "a[href], area[href], button, input:not([type=hidden]), select, textarea, summary, [tabindex], iframe, audio[controls], video[controls]";
  const focusable = () =>
    [...main().querySelectorAll(FOCUS)].filter(
      (node) =>
        isDrawn(node) && !node.disabled && node.tabIndex >= 0 &&
        !(node.type === "radio" && !node.checked && document.querySelector(`[name="${CSS.escape(node.name)}"]:checked`)),
    );

  const contract = {
    open: () => document.querySelectorAll("details").forEach((part) => (part.open = true)),

    // A page that scrolls sideways, what is wider than the frame, and text that its own box cuts off.
    cut: () => {
      const wide = document.documentElement.scrollWidth > innerWidth ? [`the page is ${document.documentElement.scrollWidth} px wide`] : [];
      for (const node of document.querySelectorAll("main, main *:not(svg *, .plotly *)")) {
        const { left, right, width } = node.getBoundingClientRect();
        if (width > 1 && (right > innerWidth + 1 || left < -1) && isDrawn(node) && !isApart(node)) {
          wide.push(`${tag(node)} reaches from ${Math.round(left)} to ${Math.round(right)} px`);
        }
      }
      if (wide.length === 1) {
        const spilt = [...main().querySelectorAll("*")].filter((node) => node.scrollWidth > node.clientWidth + 1 && !isApart(node));
        wide.push(...spilt.slice(-1).map((node) => `the text in ${tag(node)} does not break`));
      }
      for (const node of main().querySelectorAll("*:not(svg, svg *, .plotly, .plotly *, select, [aria-hidden=true], [aria-hidden=true] *)")) {
        if (isClipped(node) && isDrawn(node) && !isApart(node)) wide.push(`the text in ${tag(node)} is cut off`);
      }
      return wide.slice(0, 3);
    },

    small: () =>
      focusable()
        .filter((node) => node.matches("a, button, summary, input, select, textarea, [role=button]"))
        .map((node) => [node, (node.matches("label input") ? node.closest("label") : node).getBoundingClientRect()])
        .filter(([, box]) => box.height < 23.5 || box.width < 23.5)
        .map(([node, box]) => `${tag(node)} is ${Math.round(box.width)} × ${Math.round(box.height)} px`),

    // What moves although the viewer asked for no motion.
    moving: () => {
      main().setAttribute("aria-busy", "true"); // as while a request takes its time
      const found = document
        .getAnimations()
        .filter((each) => each.playState === "running" && each.effect.getComputedTiming().duration > 0)
        .map((each) => `${tag(each.effect.target)} is animated`);
      for (const node of document.querySelectorAll("main, main *:not(.plotly *)")) {
        for (const part of [null, "::before", "::after"]) {
          const { animationName, animationDuration, transitionDuration } = getComputedStyle(node, part);
          const lasts = (text) => text.split(",").some((each) => parseFloat(each) > 0);
          if (animationName !== "none" && lasts(animationDuration)) found.push(`${tag(node)}${part ?? ""} has the animation ${animationName}`);
          if (lasts(transitionDuration)) found.push(`${tag(node)}${part ?? ""} changes within ${transitionDuration}`);
        }
      }
      for (const node of document.querySelectorAll("animate, animateTransform, animateMotion, marquee, blink, video[autoplay]")) {
        found.push(`there is ${tag(node)}`);
      }
      main().removeAttribute("aria-busy");
      return [...new Set(found)].slice(0, 5);
    },

    // The text that can be read now: of each element with text of its own, charts of scripts and local times left out.
    readable: () =>
      [...main().querySelectorAll("*:not(.plotly *, svg *, time.local, .late, option)")]
        .filter((node) => isDrawn(node))
        .map((node) => [...node.childNodes].filter((child) => child.nodeType === 3).map((child) => child.textContent))
        .map((texts) => texts.join(" ").replace(/\s+/g, " ").trim())
        .filter(Boolean),

    // What without scripts is a promise that nobody keeps.
    idle: () => [
      ...[...main().querySelectorAll("a:not([href])")].map((node) => `${tag(node)} leads nowhere`),
      ...[...main().querySelectorAll("button:not([type=button])")].filter((node) => !node.form).map((node) => `${tag(node)} is in no form`),
      ...[...main().querySelectorAll("button[type=button]")].map((node) => `${tag(node)} does something by script alone`),
    ],

    // --- The keyboard, and a refresh: what was there is remembered by identity.
    isSwapped: false,
    remember: () => {
      document.addEventListener("htmx:afterSettle", () => (contract.isSwapped = true));
      contract.held = focusable();
      return contract.held.length;
    },
    at: () => {
      const node = document.activeElement;
      const { outlineStyle, outlineWidth, boxShadow } = getComputedStyle(node);
      const shows = (outlineStyle !== "none" && parseFloat(outlineWidth) >= 1) || boxShadow !== "none";
      return [contract.held.indexOf(node), shows, tag(node)];
    },
    name: (index) => tag(contract.held[index]),
    out: () => [
      ...[...main().querySelectorAll("[tabindex]")].filter((node) => node.tabIndex > 0).map((node) => `${tag(node)} has a tabindex above 0, which sets it before all others`),
      ...[...main().querySelectorAll("[hx-get], [hx-post]")]
        .filter((node) => !node.matches("a, button, form, input, select, textarea") && !/load|every|revealed|intersect/.test(node.getAttribute("hx-trigger") ?? ""))
        .map((node) => `${tag(node)} is for a pointer alone`),
      ...[...main().querySelectorAll("[data-kind]:not([data-key])")].map((node) => `${tag(node)} has data-kind and no data-key`),
    ],
    hold: (index) => contract.held[index].focus(),
    lost: () => contract.held.filter((node) => !node.isConnected).map(tag),
    holds: (index) => document.activeElement === contract.held[index],

    height: () => main().scrollHeight,
  };
  window.contract = contract;
})();
