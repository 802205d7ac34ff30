"""The proxy itself: one that does not cut would make other tests lie."""
import psycopg2
import pytest


def through(proxy, database):
    connection = psycopg2.connect(database.url(port=proxy.port))
    connection.autocommit = True
    return connection


def insert_in_transaction(connection):
    with connection.cursor() as cursor:
        cursor.execute("BEGIN; INSERT INTO t VALUES (1); COMMIT")


def test_proxy_cuts_the_answer_of_a_commit_that_happened(proxy, database):
    database.execute("CREATE TABLE t (i int)")
    connection = through(proxy, database)
    proxy.cut_commit_answers = 1
    with pytest.raises(psycopg2.OperationalError):
        insert_in_transaction(connection)
    assert (proxy.cuts, database.count("t")) == (1, 1)


def test_proxy_cuts_a_commit_before_it_happens(proxy, database):
    database.execute("CREATE TABLE t (i int)")
    connection = through(proxy, database)
    proxy.cut_commits = 1
    with pytest.raises(psycopg2.OperationalError):
        insert_in_transaction(connection)
    assert (proxy.cuts, database.count("t")) == (1, 0)
