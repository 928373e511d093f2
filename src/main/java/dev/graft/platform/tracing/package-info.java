/**
 * Traces, sent to a collector by OTLP over HTTP where one is set, else none at all: no class of
 * OpenTelemetry is loaded then, and every {@link dev.graft.platform.tracing.Span} is the one that
 * does nothing.
 *
 * <p>A span is its thread's current one until it is closed; what the thread begins meanwhile is its
 * child. What goes on elsewhere, such as a job in the queue or a run on a worker, carries the W3C
 * {@code traceparent} of the span that it follows. Attributes are ids and numbers: never names that
 * people choose, nor anything they send.
 *
 * <p>How it fails: a collector that is away is told of in the log, and its spans are dropped once
 * the queue is full. Nothing waits for it but the stop of a process, two seconds.
 */
@NullMarked
@NamedInterface("tracing")
package dev.graft.platform.tracing;

import org.jspecify.annotations.NullMarked;
import org.springframework.modulith.NamedInterface;
