"""Is an answer's JSON what the model says of it: no member that the model does not know, all that it requires, each of
its type."""
import base64
import json

KINDS = {"string": str, "integer": int, "long": int, "boolean": bool, "timestamp": (int, float), "double": (int, float),
         "blob": str, "list": list, "structure": dict, "map": dict}


def check_answer(http_response=None, model=None, **_):
    """A handler of botocore's after-call event."""
    if http_response is None or http_response.status_code != 200 or model.has_event_stream_output:
        return
    if model.output_shape is None or not model.output_shape.members:
        assert http_response.content == b"", f"{model.name} has no answer, yet sent {http_response.content!r}"
        return
    check(json.loads(http_response.content), model.output_shape, model.name)


def check(value, shape, where):
    kind = KINDS[shape.type_name]
    is_it = isinstance(value, kind) and (kind is bool or not isinstance(value, bool))
    assert is_it, f"{where} is no {shape.type_name}: {value!r}"
    if shape.type_name == "structure":
        check_structure(value, shape, where)
    elif shape.type_name == "list":
        for i, element in enumerate(value):
            check(element, shape.member, f"{where}[{i}]")
    elif shape.type_name == "map":
        for name, element in value.items():
            check(element, shape.value, f"{where}.{name}")
    elif shape.type_name == "blob":
        base64.b64decode(value, validate=True)
    elif shape.type_name == "string" and shape.enum:
        assert value in shape.enum, f"{where} is {value!r}, none of {shape.enum}"


def check_structure(value, shape, where):
    for name, element in value.items():
        assert name in shape.members, f"{where} has a member that the model does not know: {name}"
        if element is not None:
            check(element, shape.members[name], f"{where}.{name}")
    missing = [name for name in shape.required_members if value.get(name) is None]
    assert not missing, f"{where} lacks {missing}"
