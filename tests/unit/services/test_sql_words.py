"""Words of a query: whatever reaches beyond the store is found, however it is written."""

import pytest

from schemas.errors import UsageError
from services.sql_words import check_words


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT file('/etc/hostname')",
        "SELECT file ('/etc/hostname')",
        "SELECT file/* */('/etc/hostname')",
        "SELECT `file`('/etc/hostname')",
        "SELECT \"file\"('/etc/hostname')",
        "SELECT \"fi\\x6ce\"('/etc/hostname')",
        "SELECT “file”('/etc/hostname')",
        "SELECT * APPLY(file) FROM (SELECT '/etc/hostname' AS a)",
        "SELECT * APPLY file FROM (SELECT '/etc/hostname' AS a)",
        "EXPLAIN SELECT file('/etc/hostname')",
        "SELECT aiGenerate('x', map('endpoint', 'http://127.0.0.1:1/'))",
        "SELECT AITranslate('x', 'en')",
        "SELECT 1 INTO OUTFILE '/tmp/x.csv'",
        "SELECT 1 into/**/outfile '/tmp/x.csv'",
        "SELECT 'a\\'' INTO OUTFILE '/tmp/x.csv' --'",
        "SELECT 1 -- it's\nINTO OUTFILE '/tmp/x'",
        "SELECT 1; SELECT 2",
        "SELECT '''', 1; SELECT ''",
        "SELECT $x$ ' $x$; SELECT 1 --'",
        "SELECT ‘ ' ’; SELECT 1 --'",
        "SELECT 1 # '\n; SELECT 2 --'",
        "SELECT * FROM merge('system', '.*')",
        "SELECT * FROM `merge` ('system', '.*')",
        "SELECT * FROM cluster('other', system.one)",
        "SELECT * FROM \"clusterAllReplicas\"/**/('other', system.one)",
        "SELECT * FROM eval('SELECT 1')",
        "SELECT dictGetString('d', 'a', 1)",
        "DESCRIBE url('http://127.0.0.1:1/x', 'CSV')",
        "DESC TABLE s3('http://127.0.0.1:1/bucket/x', 'CSV')",
    ],
)
def test_what_reaches_beyond_the_store_is_refused(sql: str) -> None:
    with pytest.raises(UsageError):
        check_words(sql)


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT 'file', `event.id`, \"asset.key\" FROM evidence WHERE operation = 'INTO OUTFILE; file(' -- ; file(",
        "SELECT 1 /* ; file( */ ;\n",
        "SELECT 'it''s', 'a\\'b; c', x'ff', {1: 2}, a[1]::String FROM findings WHERE a <=> b OR NOT b != -1.5e3",
        "SELECT profile, filesystemAvailable() FROM t",
        "SELECT cluster, merge AS eval FROM t WHERE uniqMerge(x) > 1",
        "DESCRIBE evidence",
        "DESCRIBE TABLE (SELECT count() FROM evidence)",
        "DESC (SELECT 1)",
        "SELECT '顧客“', '’'",
    ],
)
def test_what_stays_within_it_is_let_through(sql: str) -> None:
    check_words(sql)


def test_the_reason_is_told() -> None:
    with pytest.raises(UsageError, match="opens one that does not end"):
        check_words("SELECT 'abc")
    with pytest.raises(UsageError, match="one at a time"):
        check_words("SELECT 1; SELECT 2")
    with pytest.raises(UsageError, match="it names file"):
        check_words("SELECT FILE('/etc/hostname')")
