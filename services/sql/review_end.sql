-- The first free offset of one partition of the reviews.
SELECT if(count() = 0, 0, max(last) + 1) AS end FROM range_rows
WHERE source = {review:String} AND partition = {partition:UInt32}
