"""Records with a running number, and the proof that each of them arrived once."""


def numbered(first, end):
    """Payloads {"id": n, "word": ...} for first <= n < end."""
    return [{"id": n, "word": f"record {n}"} for n in range(first, end)]


def assert_each_once(database, table, sent):
    """Every record of numbered(0, sent) is a row of the table, once."""
    rows, ids, least, most = database.rows(f"SELECT count(*), count(DISTINCT id), min(id), max(id) FROM {table}")[0]
    assert (rows, ids, least, most) == (sent, sent, 0, sent - 1)


def assert_each_position_once(database, table, sent):
    """For streams whose payloads carry no number: as many rows as records, and no position twice."""
    rows, positions = database.rows(
        f"SELECT count(*), count(DISTINCT (kinesis_shard_id, kinesis_sequence_number)) FROM {table}")[0]
    assert (rows, positions) == (sent, sent)


def assert_positions_match_rows(database, table):
    """The position stored for each shard is that of its last row: rows and positions went together."""
    wrong = database.rows(f"""
        SELECT c.shard_id, c.sequence, t.last FROM kinesis_checkpoints c FULL JOIN (
            SELECT kinesis_shard_id, max(kinesis_sequence_number::numeric) AS last FROM {table} GROUP BY 1
        ) t ON t.kinesis_shard_id = c.shard_id
        WHERE c.sequence::numeric IS DISTINCT FROM t.last""")
    assert wrong == []
