"""What to paste on each platform: without script where its host has a key or is open, with the loader where
each viewer needs a token. The platform's page in docs/hosts/ goes the same ways, with examples of its
own; a test holds together what both leave to the reader to make, such as an API."""

import json
from html import escape

from widgets.embedding.snippets import GENERAL, Piece, Wanted, Way, secrets_note


def _set_attributes(wanted: Wanted, left_out: tuple[str, ...] = ()) -> dict[str, str]:
    """What a script sets on the loader's element; its token comes from a function."""
    given = {"name": wanted.name, **wanted.attributes, "height": str(wanted.height)}
    return {name: value for name, value in given.items() if name not in (*left_out, "token-url")}


def _js(value: object, indent: str = "") -> str:
    """As a script has it: nothing in it ends the script that it may stand in, or begins an expression of
    Visualforce."""
    text = json.dumps(value, indent=2, ensure_ascii=False)
    text = text.replace("<", "\\u003c").replace("{!", "{\\u0021")
    return text.replace("\n", f"\n{indent}")


def _page(wanted: Wanted, script: str, before: str = "") -> str:
    return (
        '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8">'
        f"<title>{escape(wanted.title)}</title>\n"
        f'{before}<script type="module" src="{escape(wanted.server)}/static/embed.js"></script>\n'
        f'<script type="module" src="{script}"></script></head><body></body></html>'
    )


def _dynamics365(wanted: Wanted) -> list[Piece]:
    if wanted.access != "token":
        return [Piece("Site URL of an External website component", wanted.address())]
    script = f"""const passed = new URLSearchParams(location.search);
const id = (passed.get("id") || "").replace(/[{{}}]/g, "").toLowerCase();
if (id) {{                                                     // a new row has none
  await customElements.whenDefined("erp-widget");
  const widget = document.createElement("erp-widget");
  const set = {_js(_set_attributes(wanted), "  ")};
  for (const [name, value] of Object.entries(set)) widget.setAttribute(name, value);
  widget.setAttribute("userlcid", passed.get("userlcid") || "");
  widget.hostContext = {{ entity: {{ type: passed.get("typename"), id }}, tenant: passed.get("orgname") }};
  widget.tokenProvider = async () => {{
    const answer = await fetch("/api/data/v9.2/contoso_WidgetToken", {{
      method: "POST",
      headers: {{ "Content-Type": "application/json", Accept: "application/json" }},
      body: JSON.stringify({{ OrderId: id }}),
    }});
    if (!answer.ok) throw new Error(`contoso_WidgetToken: ${{answer.status}}`);
    return (await answer.json()).Token;
  }};
  document.body.append(widget);
}}"""
    file = wanted.name.replace("-", "_")
    return [
        Piece(f"contoso_/{file}.html, a web resource", _page(wanted, f"{file}.js")),
        Piece(f"contoso_/{file}.js, a web resource", script),
    ]


def _dynamics365_notes(wanted: Wanted) -> list[str]:
    notes = [
        "Clear “Restrict cross-frame scripting”, and tick “Pass row object-type code and unique "
        "identifiers”. The height is the form's."
    ]
    return notes + (
        ["The token comes from a custom API of yours, contoso_WidgetToken."]
        if wanted.access == "token"
        else secrets_note(wanted)
    )


def _teams(wanted: Wanted) -> list[Piece]:
    if wanted.access != "token":
        # The placeholders are filled by Teams, so they must not be encoded.
        filled = {"theme": "{app.theme}", "locale": "{app.locale}"}
        left = {name: value for name, value in filled.items() if name not in wanted.looks}
        left |= {
            "tid": "{user.tenant.id}",
            "subEntityId": "{page.subPageId}",
            "entityId": "{page.id}",
        }
        content = wanted.address() + "".join(f"&{name}={value}" for name, value in left.items())
        tab = {
            "staticTabs": [
                {
                    "entityId": wanted.name,
                    "name": wanted.title,
                    "contentUrl": content,
                    "websiteUrl": wanted.address(),
                    "scopes": ["personal", "groupChat", "team"],
                }
            ],
            "validDomains": [wanted.server.partition("://")[2].partition("/")[0]],
        }
        code = json.dumps(tab, indent=2, ensure_ascii=False)
        return [Piece("manifest.json, among its other entries", code)]
    before = '<script src="https://res.cdn.office.net/teams-js/2.28.0/js/MicrosoftTeams.min.js"></script>\n'
    left_out = ("theme",) if not wanted.theme else ()
    script = f"""const {{ app, authentication }} = window.microsoftTeams;
const THEMES = {{ default: "light", dark: "dark", contrast: "contrast" }};   // none: the viewer's system

await app.initialize();
const context = await app.getContext();
await customElements.whenDefined("erp-widget");
const widget = document.createElement("erp-widget");
const set = {_js(_set_attributes(wanted, left_out))};
for (const [name, value] of Object.entries(set)) widget.setAttribute(name, value);
widget.hostContext = {{
  theme: THEMES[context.app.theme],
  locale: context.app.locale,
  tenant: context.user?.tenant?.id,
  entity: {{ type: "page", id: context.page.subPageId || context.page.id }},
}};
widget.tokenProvider = async () => {{
  const entra = await authentication.getAuthToken();
  const answer = await fetch("/api/widget-token", {{
    method: "POST", headers: {{ Authorization: `Bearer ${{entra}}` }},
  }});
  if (!answer.ok) throw new Error(`widget-token: ${{answer.status}}`);
  return answer.text();
}};
app.registerOnThemeChangeHandler((theme) => {{
  widget.hostContext = {{ ...widget.hostContext, theme: THEMES[theme] }};
}});
document.body.append(widget);
app.notifySuccess();"""
    return [
        Piece(
            f"{wanted.name}.html, on a site of yours", _page(wanted, f"{wanted.name}.js", before)
        ),
        Piece(f"{wanted.name}.js, beside it", script),
    ]


def _teams_notes(wanted: Wanted) -> list[str]:
    if wanted.access == "token":
        return [
            "The token comes from a function of yours, /api/widget-token, which checks Teams' sign-in."
        ]
    return [
        "Teams fills what stands in braces. Microsoft asks that a tab loads its own library, which a widget "
        "does not: use this to try, and a tab page with a token to stay.",
        *secrets_note(wanted),
    ]


def _sharepoint(wanted: Wanted) -> list[Piece]:
    if wanted.access != "token":
        code = (
            f'<iframe title="{escape(wanted.title)}" width="100%" height="{wanted.height}" loading="lazy" '
            f'referrerpolicy="strict-origin"\n  src="{escape(wanted.address())}"></iframe>'
        )
        return [Piece("Embed code of an Embed web part", code)]
    left_out = () if wanted.locale else ("locale",)
    code = f"""import {{ AadHttpClient }} from "@microsoft/sp-http";
import {{ BaseClientSideWebPart }} from "@microsoft/sp-webpart-base";

export default class {wanted.class_name}WebPart extends BaseClientSideWebPart<{{}}> {{
  public render(): void {{
    if (!customElements.get("erp-widget") && !document.querySelector("script[data-erp-widgets]")) {{
      const loader = document.createElement("script");
      loader.type = "module";
      loader.src = {_js(f"{wanted.server}/static/embed.js")};
      loader.dataset.erpWidgets = "";
      document.head.append(loader);
    }}
    const widget = document.createElement("erp-widget") as HTMLElement & {{
      tokenProvider: () => Promise<string>;
    }};
    const set: Record<string, string> = {_js(_set_attributes(wanted, left_out), "    ")};
    Object.keys(set).forEach((name) => widget.setAttribute(name, set[name]));{_sharepoint_locale(wanted)}
    widget.tokenProvider = async () => {{
      const client = await this.context.aadHttpClientFactory.getClient("api://ENTRA-APP-ID");
      const answer = await client.post(
        "https://contoso-widgets.azurewebsites.net/api/widget-token", AadHttpClient.configurations.v1, {{}});
      if (!answer.ok) throw new Error(`widget-token: ${{answer.status}}`);
      return answer.text();
    }};
    this.domElement.replaceChildren(widget);
  }}
}}"""
    return [Piece(f"{wanted.class_name}WebPart.ts, of SharePoint Framework", code)]


def _sharepoint_locale(wanted: Wanted) -> str:
    if wanted.locale:
        return ""
    return '\n    widget.setAttribute("locale", this.context.pageContext.cultureInfo.currentUICultureName);'


def _sharepoint_notes(wanted: Wanted) -> list[str]:
    if wanted.access == "token":
        return [
            "The token comes from a function of yours. An administrator allows the script's address."
        ]
    return [
        "A site collection's administrator first allows the server's domain, under HTML Field Security. "
        "SharePoint passes nothing on: everybody sees the same.",
        *secrets_note(wanted),
    ]


def _salesforce(wanted: Wanted) -> list[Piece]:
    name = f"erp{wanted.class_name}"
    if wanted.access != "token":
        html = (
            f'<template>\n  <iframe title="{escape(wanted.title)}" src={{address}} width="100%" '
            "height={height}></iframe>\n</template>"
        )
        query = {"host": wanted.host, **wanted.key, **wanted.params, **wanted.looks}
        locale = "" if wanted.locale else '\nimport LOCALE from "@salesforce/i18n/locale";'
        add = "" if wanted.locale else "\n    query.locale = LOCALE;"
        script = f"""import {{ LightningElement, api }} from "lwc";{locale}

export default class Erp{wanted.class_name} extends LightningElement {{
  @api recordId;
  @api objectApiName;
  @api height = {wanted.height};

  get address() {{
    const query = {_js(query, "    ")};{add}
    if (this.recordId) Object.assign(query, {{ recordId: this.recordId, objectApiName: this.objectApiName }});
    return {_js(f"{wanted.server}/widgets/{wanted.name}/?")} + new URLSearchParams(query);
  }}
}}"""
        return [Piece(f"lwc/{name}/{name}.html", html), Piece(f"lwc/{name}/{name}.js", script)]
    locale = (
        "" if wanted.locale else '\n      widget.setAttribute("locale", "{!JSENCODE(locale)}");'
    )
    page = f"""<apex:page standardController="Order" extensions="ErpOrder"
  showHeader="false" docType="html-5.0">
  <script type="module" src="{escape(wanted.server)}/static/embed.js"></script>
  <div id="place"></div>
  <script>
    customElements.whenDefined("erp-widget").then(function () {{
      var widget = document.createElement("erp-widget");
      var set = {_js(_set_attributes(wanted), "      ")};
      Object.keys(set).forEach(function (name) {{ widget.setAttribute(name, set[name]); }});{locale}
      widget.hostContext = {{
        entity: {{ type: "Order", id: "{{!JSENCODE(Order.Id)}}" }}, tenant: "{{!JSENCODE($Organization.Id)}}"
      }};
      widget.tokenProvider = function () {{
        return new Promise(function (resolve, reject) {{
          Visualforce.remoting.Manager.invokeAction(
            "{{!$RemoteAction.ErpOrder.token}}", "{{!JSENCODE(Order.Id)}}",
            function (token, event) {{
              if (event.status) {{ resolve(token); }} else {{ reject(new Error(event.message)); }}
            }});
        }});
      }};
      document.getElementById("place").append(widget);
    }});
  </script>
</apex:page>"""
    return [Piece("A Visualforce page", page)]


def _salesforce_notes(wanted: Wanted) -> list[str]:
    notes = ["First make the server a Trusted URL, with frame-src."]
    if wanted.access == "token":
        return [*notes, "The token comes from Apex, the class ErpOrder."]
    return [*notes, *secrets_note(wanted)]


WAYS: tuple[Way, ...] = (
    *GENERAL,
    Way(
        "dynamics365",
        "Dynamics 365",
        "docs/hosts/dynamics365.md",
        _dynamics365,
        "dynamics365",
        _dynamics365_notes,
    ),
    Way("teams", "Teams", "docs/hosts/teams.md", _teams, "teams", _teams_notes),
    Way(
        "sharepoint",
        "SharePoint",
        "docs/hosts/sharepoint.md",
        _sharepoint,
        "sharepoint",
        _sharepoint_notes,
    ),
    Way(
        "salesforce",
        "Salesforce",
        "docs/hosts/salesforce.md",
        _salesforce,
        "salesforce",
        _salesforce_notes,
    ),
)
"""Every way, in the order in which the gallery offers them."""
