package dev.graft.platform;

import io.opentelemetry.api.common.AttributeKey;
import io.opentelemetry.api.common.Attributes;
import io.opentelemetry.api.metrics.MeterProvider;
import io.opentelemetry.api.trace.SpanBuilder;
import io.opentelemetry.api.trace.SpanKind;
import io.opentelemetry.api.trace.Tracer;
import io.opentelemetry.api.trace.propagation.W3CTraceContextPropagator;
import io.opentelemetry.context.Context;
import io.opentelemetry.context.propagation.TextMapGetter;
import io.opentelemetry.exporter.otlp.http.trace.OtlpHttpSpanExporter;
import io.opentelemetry.sdk.resources.Resource;
import io.opentelemetry.sdk.trace.SdkTracerProvider;
import io.opentelemetry.sdk.trace.export.BatchSpanProcessor;
import io.opentelemetry.sdk.trace.samplers.Sampler;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** By OpenTelemetry's SDK. Beside {@link OtelSpan} the only class that knows it. */
final class OtelTraces implements Traces {
  private static final Duration CALL = Duration.ofSeconds(5);
  private static final long LAST_SECONDS = 2;

  /** The header alone: what others keep in a tracestate is not ours to carry. */
  private static final TextMapGetter<String> HEADER =
      new TextMapGetter<>() {
        @Override
        public Iterable<String> keys(String header) {
          return List.of("traceparent");
        }

        @Override
        public @Nullable String get(@Nullable String header, String key) {
          return key.equals("traceparent") ? header : null;
        }
      };

  private final SdkTracerProvider provider;
  private final Tracer tracer;
  private final Clock clock;

  OtelTraces(OtlpSettings settings, Clock clock) {
    OtlpHttpSpanExporter exporter =
        OtlpHttpSpanExporter.builder()
            .setEndpoint(settings.endpoint())
            .setHeaders(settings::headers)
            .setConnectTimeout(CALL)
            .setTimeout(CALL)
            .setMeterProvider(MeterProvider.noop()) // else a global one is looked for
            .build();
    this.clock = clock;
    this.provider =
        SdkTracerProvider.builder()
            .setClock(new SpanClock(clock))
            .setSampler(Sampler.parentBased(Sampler.traceIdRatioBased(settings.probability())))
            .setResource(
                Resource.getDefault()
                    .merge(
                        Resource.create(
                            Attributes.of(
                                AttributeKey.stringKey("service.name"), settings.service()))))
            .addSpanProcessor(BatchSpanProcessor.builder(exporter).build())
            .build();
    this.tracer = provider.get("dev.graft");
  }

  private record SpanClock(Clock clock) implements io.opentelemetry.sdk.common.Clock {
    @Override
    public long now() {
      Instant now = clock.instant();
      return TimeUnit.SECONDS.toNanos(now.getEpochSecond()) + now.getNano();
    }

    @Override
    public long nanoTime() {
      return System.nanoTime();
    }
  }

  @Override
  public Span begin(String name, Span.Kind kind, @Nullable String traceparent) {
    return Span.begun(
        new OtelSpan(
            tracer, following(name, traceparent).setSpanKind(OtelSpan.of(kind)).startSpan()));
  }

  private SpanBuilder following(String name, @Nullable String traceparent) {
    Context parent =
        W3CTraceContextPropagator.getInstance().extract(Context.root(), traceparent, HEADER);
    return tracer.spanBuilder(name).setParent(parent);
  }

  @Override
  public String past(
      String name, String traceparent, Duration took, Map<String, String> attributes) {
    Instant end = clock.instant();
    io.opentelemetry.api.trace.Span span =
        following(name, traceparent)
            .setSpanKind(SpanKind.INTERNAL)
            .setStartTimestamp(end.minus(took))
            .startSpan();
    attributes.forEach(span::setAttribute);
    span.end(end);
    return new OtelSpan(tracer, span).traceparent();
  }

  @Override
  public boolean on() {
    return true;
  }

  @Override
  public void close() {
    provider.shutdown().join(LAST_SECONDS, TimeUnit.SECONDS);
  }
}
