"""Tokens: how they are given out and refused, and that data needs one."""

import pytest

from .conftest import CREDENTIALS, Erp, make_erp


def test_a_token_opens_the_data(shared_erp: Erp) -> None:
    answer = shared_erp.client.post("/any-tenant/oauth2/v2.0/token", data=CREDENTIALS)
    assert answer.status_code == 200
    assert answer.json is not None
    assert answer.json["token_type"] == "Bearer"
    assert answer.json["expires_in"] == answer.json["ext_expires_in"] == 3599
    headers = {"Authorization": f"Bearer {answer.json['access_token']}"}
    assert shared_erp.client.get("/data/CustomersV3", headers=headers).status_code == 200


@pytest.mark.parametrize(
    ("changed", "status", "error", "code"),
    [
        ({"client_secret": "wrong"}, 401, "invalid_client", 7000215),
        ({"client_id": "nobody"}, 400, "unauthorized_client", 700016),
        ({"grant_type": "password"}, 400, "unsupported_grant_type", 70003),
        ({"scope": "openid"}, 400, "invalid_scope", 1002012),
        ({"scope": ""}, 400, "invalid_request", 900144),
    ],
)
def test_wrong_credentials_are_refused_as_entra_id_does(
    shared_erp: Erp, changed: dict[str, str], status: int, error: str, code: int
) -> None:
    answer = shared_erp.client.post("/demo/oauth2/v2.0/token", data=CREDENTIALS | changed)
    assert answer.status_code == status
    assert answer.json is not None
    assert answer.json["error"] == error
    assert answer.json["error_description"].startswith(f"AADSTS{code}: ")
    assert answer.json["error_codes"] == [code]


@pytest.mark.parametrize("path", ["/data", "/data/$metadata", "/data/CustomersV3", "/data/Nothing"])
@pytest.mark.parametrize(
    "authorization", [None, "Bearer made-up", "Basic ZGVtbzpkZW1v", "Bearer", ""]
)
def test_no_data_without_a_valid_token(
    shared_erp: Erp, path: str, authorization: str | None
) -> None:
    headers = {} if authorization is None else {"Authorization": authorization}
    answer = shared_erp.client.get(path, headers=headers)
    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"].startswith("Bearer")
    assert answer.data == b""


def test_a_token_expires() -> None:
    erp = make_erp(token_lifetime=0)
    assert erp.get("/data/CustomersV3").status_code == 401


def test_tokens_can_be_expired_on_demand(erp: Erp) -> None:
    assert erp.get("/data/CustomersV3").status_code == 200
    erp.control("fault", kind="expire-tokens")
    assert erp.get("/data/CustomersV3").status_code == 401
    answer = erp.client.post("/demo/oauth2/v2.0/token", data=CREDENTIALS)
    assert answer.status_code == 200


def test_the_credentials_can_be_chosen() -> None:
    erp = make_erp()
    other = {"client_id": "other", "client_secret": "ünïcode"}
    assert erp.client.post("/t/oauth2/v2.0/token", data=CREDENTIALS | other).status_code == 400
    from mock_erp.app import Settings, create_app

    app = create_app(Settings(client_id="other", client_secret="ünïcode"))
    answer = app.test_client().post("/t/oauth2/v2.0/token", data=CREDENTIALS | other)
    assert answer.status_code == 200
