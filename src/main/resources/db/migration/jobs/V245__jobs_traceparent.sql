-- Why: a job goes on with the trace of the request that submitted it. Lock: access exclusive on job. Duration: milliseconds.
alter table job
  -- W3C Trace Context; null where nobody traces
  add column traceparent text;
