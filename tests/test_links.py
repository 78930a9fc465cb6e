"""Links and their relations."""

from __future__ import annotations

import copy
import pickle
from typing import Any

import pytest
from hypothesis import given, strategies as st

from aiomatatika import Link, LinkError, Links, RelationNotFoundError, ResponseError
from aiomatatika.hal import BareLink, HalLink
from aiomatatika.relations import Relation

HREF = "https://app.matatika.com/api/workspaces/1"
ACTIONS = {
    "GET": ["latest", "search", "self"],
    "POST": ["new", "publish", "validate", "verify"],
    "PUT": ["add", "create", "draft", "make-default", "update", "withdraw"],
    "PATCH": ["edit"],
    "DELETE": ["delete"],
}
METHOD_OF = {action: method for method, actions in ACTIONS.items() for action in actions}
EXCEPTIONS = {"add subscription": "POST", "create invitation": "POST", "deploy workspace": "POST"}
EXCEPTIONS |= {"withdraw administrator": "DELETE"}

words = st.from_regex(r"[a-z]+(-[a-z]+)?", fullmatch=True)


def links_of(*relations: str, **raw: Any) -> Links:
    return Links({relation: {"href": f"{HREF}?{number}"} for number, relation in enumerate(relations)} | raw)


# Relations


@given(st.lists(words, min_size=1, max_size=4), words)
def test_a_relation_is_one_or_more_actions_and_their_target(actions: list[str], target: str) -> None:
    text = " ".join([*actions, target])
    relation = Relation.parse(text)
    assert (relation.text, relation.actions, relation.target) == (text, tuple(actions), target)
    links = links_of(text)
    assert list(links) == [text]
    for action in actions:
        assert links.can(action)
        assert links.can(action, target)
        assert links[f"{action} {target}"].href == links.action(action).href == f"{HREF}?0"
        assert links[f"{action} {target}"].method == EXCEPTIONS.get(f"{action} {target}", METHOD_OF.get(action))


@pytest.mark.parametrize("action", METHOD_OF)
def test_a_known_action_may_stand_alone(action: str) -> None:
    assert Relation.parse(action) == Relation(action, (action,), None)
    link = links_of(action)[action]
    assert (link.rel, link.method) == (action, METHOD_OF[action])


@given(words.filter(lambda word: word not in METHOD_OF))
def test_any_other_word_alone_is_a_plain_relation_to_get(word: str) -> None:
    assert Relation.parse(word) == Relation(word, (), word)
    links = links_of(word)
    assert links[word].method == "GET"
    assert not links.can(word)


@pytest.mark.parametrize("relation", ["edit-history", "datasets", "logs", "updates", "Update"])
def test_what_only_looks_like_an_action_is_none(relation: str) -> None:
    links = links_of(relation)
    assert not links.can("edit")
    assert not links.can("update")
    assert links[relation].method == "GET"


@pytest.mark.parametrize("text", ["", " ", "\t"])
def test_a_relation_without_a_word_is_a_plain_one(text: str) -> None:
    assert Relation.parse(text) == Relation(text, (), "")
    assert links_of(text)[text].href == f"{HREF}?0"


# Methods


@pytest.mark.parametrize("action, target", [pair.split() for pair in EXCEPTIONS])
def test_the_servers_own_routes_differ_from_its_table(action: str, target: str) -> None:
    assert links_of(f"{action} {target}").action(action).method == EXCEPTIONS[f"{action} {target}"]
    assert links_of(f"update {action} {target}")[f"{action} {target}"].method == EXCEPTIONS[f"{action} {target}"]
    assert links_of(f"{action} other").action(action).method == METHOD_OF.get(action)


def test_the_same_link_has_another_method_for_each_of_its_actions() -> None:
    links = links_of("update edit delete profile")
    assert {action: links.action(action).method for action in ("update", "edit", "delete")} == {
        "update": "PUT",
        "edit": "PATCH",
        "delete": "DELETE",
    }
    assert links["edit profile"].method == "PATCH"


@pytest.mark.parametrize(
    "relation, method",
    [
        ("update delete workspace", None),
        ("update draft dataset", "PUT"),
        ("frobnicate dataset", None),
        ("frobnicate update dataset", None),
    ],
)
def test_a_relation_as_a_whole_has_a_method_only_where_its_actions_agree(relation: str, method: str | None) -> None:
    assert links_of(relation)[relation].method == method


def test_several_actions_may_be_asked_for_at_once() -> None:
    links = links_of("update edit delete profile", "draft update channel")
    assert links["delete update profile"].method is None
    assert links["update draft channel"].method == "PUT"
    assert "update move profile" not in links


@pytest.mark.parametrize("declared", ["GET", "put", "DELETE", "PATCH"])
def test_a_type_that_is_a_method_wins_over_the_table(declared: str) -> None:
    links = links_of(**{"add like": {"href": HREF, "type": declared}, "logs": {"href": HREF, "type": declared}})
    assert links.action("add").method == links["logs"].method == declared.upper()
    assert links["logs"].type == declared


def test_a_type_cannot_speak_for_several_actions() -> None:
    links = links_of(**{"update delete comment": {"href": HREF, "type": "PUT"}})
    assert links.action("delete").method == "DELETE"


@pytest.mark.parametrize("declared", ["application/hal+json", "", "TRACE", 5, None])
def test_a_type_that_is_no_method_decides_nothing(declared: object) -> None:
    assert links_of(**{"update dataset": {"href": HREF, "type": declared}}).action("update").method == "PUT"


# Links


def test_a_link_has_what_hal_gives_it() -> None:
    raw = {"href": HREF, "templated": True, "title": "A title", "name": "a name", "type": "text/html", "other": 1}
    assert links_of(logs=raw)["logs"] == Link(
        href=HREF, rel="logs", method="GET", templated=True, title="A title", name="a name", type="text/html"
    )


@pytest.mark.parametrize("templated", [False, None, "true", 1])
def test_only_true_makes_a_template(templated: object) -> None:
    assert not links_of(x={"href": HREF, "templated": templated})["x"].templated


def test_links_are_a_mapping_of_the_servers_relations() -> None:
    links = links_of("self", "update delete workspace")
    assert (list(links), len(links), [link.rel for link in links.values()]) == (
        ["self", "update delete workspace"],
        2,
        ["self", "update delete workspace"],
    )
    assert "update workspace" in links
    assert "move workspace" not in links
    number: Any = 5
    assert number not in links
    assert links.get("move workspace") is None
    assert repr(links) == "<Links: self, update delete workspace>"
    assert repr(Links()) == "<Links: none>"


def test_a_missing_link_is_a_key_error_that_names_those_that_are_there() -> None:
    links = links_of("self", "update apikey")
    with pytest.raises(KeyError, match="no link 'delete apikey'; there are: self, update apikey"):
        links["delete apikey"]
    with pytest.raises(KeyError, match="no link 'delete'; there are: self, update apikey"):
        links.action("delete")
    with pytest.raises(KeyError, match="no link 'update profile'"):
        links.action("update", "profile")
    with pytest.raises(KeyError, match="there are: none"):
        Links()["self"]


def test_an_action_on_several_targets_has_to_be_told_which() -> None:
    links = links_of("add dataset", "add comment")
    assert links.can("add")
    assert links.action("add", "comment").href == f"{HREF}?1"
    with pytest.raises(LinkError, match="'add' is offered on dataset, comment: name one of them"):
        links.action("add")


def test_the_relation_as_it_is_written_goes_before_one_that_contains_it() -> None:
    links = links_of("update delete workspace", "update workspace")
    assert links["update workspace"].href == f"{HREF}?1"


def test_several_links_of_one_relation_are_had_together() -> None:
    links = links_of(item=[{"href": "a"}, {"href": "b"}], one=[{"href": "c"}])
    assert [link.href for link in links.all("item")] == ["a", "b"]
    assert [link.href for link in links.all("one")] == ["c"]
    assert links.all("other") == ()
    assert links["one"].href == "c"
    with pytest.raises(LinkError, match=r"there are 2 links 'item': use links\.all\(\)"):
        links["item"]


@pytest.mark.parametrize("raw", [None, [], {}])
def test_an_empty_link_is_none(raw: object) -> None:
    links = Links({"next": raw})
    assert (list(links), links.get("next"), links.all("next")) == ([], None, ())


@pytest.mark.parametrize(
    "raw, where",
    [
        (5, "_links.next: expected an object"),
        ("canary", "_links.next: expected an object"),
        ({"url": "canary"}, "_links.next.href: expected a string"),
        ({"href": 5}, "_links.next.href: expected a string"),
        ([{"href": "a"}, {"href": None}], "_links.next[1].href: expected a string"),
        ([{"href": "a"}, "canary"], "_links.next[1]: expected an object"),
    ],
)
def test_a_malformed_link_is_named_when_it_is_used_and_not_before(raw: object, where: str) -> None:
    links = Links({"next": raw, "self": {"href": HREF}})
    assert links["self"].href == HREF
    with pytest.raises(ResponseError) as caught:
        links["next"]
    assert str(caught.value) == where


@pytest.mark.parametrize("copied", [copy.copy, copy.deepcopy, lambda links: pickle.loads(pickle.dumps(links))])
def test_links_copy_and_pickle(copied: Any) -> None:
    links = links_of("self", "update delete workspace")
    assert dict(copied(links)) == dict(links)


def test_a_pickle_of_links_keeps_what_hal_gives_them_and_no_more() -> None:
    raw = {"a": {"href": "x", "type": "PUT", "token": "canary"}, "b": [{"href": "y"}, "canary"], "c": "canary"}
    pickled = pickle.dumps(Links(raw))
    assert b"canary" not in pickled
    assert pickle.loads(pickled)["a"] == Links(raw)["a"]
    assert pickle.loads(pickle.dumps(links_of("self", a=HalLink(HREF, title="t"), b=BareLink(HREF)))) == links_of(
        "self", a={"href": HREF, "title": "t"}, b={"href": HREF}
    )


HOSTILE = "\x1b[2J\u202e\n" + "x" * 100
SHOWN = "\\x1b[2J\\u202e\\n" + "x" * 44 + "…"


def test_what_a_server_calls_its_links_is_escaped_and_cut() -> None:
    links = Links(
        {HOSTILE: [{"href": "a"}, {"href": "b"}], f"add {HOSTILE}": 5} | {f"r{n}": {"href": "a"} for n in range(30)}
    )
    with pytest.raises(LinkError) as several:
        links[HOSTILE]
    with pytest.raises(RelationNotFoundError) as missing:
        links["nothing"]
    with pytest.raises(ResponseError) as malformed:
        links[f"add {HOSTILE}"]
    assert f"'{SHOWN}'" in str(several.value)
    assert str(missing.value).startswith(f"no link 'nothing'; there are: {SHOWN}, add {SHOWN[:-5]}…, r0, ")
    assert str(missing.value).endswith(", r17 and 12 more")
    assert str(malformed.value).startswith("_links.add \\x1b")
    for text in (repr(links), *map(str, (several.value, missing.value, malformed.value))):
        assert text.isprintable()
        assert len(text) < 500


def test_hrefs_are_had_by_relation() -> None:
    assert links_of(item=[{"href": "a"}, {"href": "b"}], one=[{"href": "c"}], none=None).hrefs() == {
        "item": ["a", "b"],
        "one": "c",
    }
