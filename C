A- forwarded
