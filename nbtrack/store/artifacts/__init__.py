"""The stores of files that runs log: folders, buckets, machines reached by SSH, tracking servers."""
