-- How many ranges were written, how many of them the last identity review had seen, and where its findings go on.
SELECT
    countIf(source != {review:String}) AS ranges,
    maxIf(messages, source = {review:String}) AS reviewed,
    maxIf(last + 1, source = {review:String}) AS end
FROM range_rows
