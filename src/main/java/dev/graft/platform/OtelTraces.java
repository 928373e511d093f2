package dev.graft.platform;

import io.opentelemetry.api.common.AttributeKey;
import io.opentelemetry.api.common.Attributes;
import io.opentelemetry.api.metrics.MeterProvider;
import io.opentelemetry.api.trace.SpanBuilder;
import io.opentelemetry.api.trace.SpanContext;
import io.opentelemetry.api.trace.SpanKind;
import io.opentelemetry.api.trace.StatusCode;
import io.opentelemetry.api.trace.Tracer;
import io.opentelemetry.api.trace.propagation.W3CTraceContextPropagator;
import io.opentelemetry.context.Context;
import io.opentelemetry.context.propagation.TextMapGetter;
import io.opentelemetry.exporter.otlp.http.trace.OtlpHttpSpanExporter;
import io.opentelemetry.sdk.resources.Resource;
import io.opentelemetry.sdk.trace.SdkTracerProvider;
import io.opentelemetry.sdk.trace.export.BatchSpanProcessor;
import io.opentelemetry.sdk.trace.samplers.Sampler;
import java.net.URI;
import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.springframework.boot.context.properties.bind.Bindable;
import org.springframework.boot.context.properties.bind.Binder;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.core.env.Environment;

/** Traces with OpenTelemetry's SDK, which only this file uses. */
final class OtelTraces implements Traces {
  private static final Duration CALL = Duration.ofSeconds(5);
  private static final long LAST_SECONDS = 2;

  /** Reads only {@code traceparent}; a tracestate is not propagated. */
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
            .setMeterProvider(MeterProvider.noop()) // otherwise the SDK looks for a global one
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

  /** The recorder behind a {@link Span}. */
  record OtelSpan(Tracer tracer, io.opentelemetry.api.trace.Span span) {
    static SpanKind of(Span.Kind kind) {
      return switch (kind) {
        case SERVER -> SpanKind.SERVER;
        case PRODUCER -> SpanKind.PRODUCER;
        case CONSUMER -> SpanKind.CONSUMER;
        case INTERNAL -> SpanKind.INTERNAL;
      };
    }

    OtelSpan child(String name, Span.Kind kind) {
      return new OtelSpan(
          tracer,
          tracer
              .spanBuilder(name)
              .setParent(Context.root().with(span))
              .setSpanKind(of(kind))
              .startSpan());
    }

    void rename(String name) {
      span.updateName(name);
    }

    void put(String attribute, String value) {
      span.setAttribute(attribute, value);
    }

    void put(String attribute, long value) {
      span.setAttribute(attribute, value);
    }

    void failed(String type) {
      span.setStatus(StatusCode.ERROR).setAttribute("error.type", type);
    }

    String traceId() {
      return span.getSpanContext().getTraceId();
    }

    String traceparent() {
      SpanContext context = span.getSpanContext();
      return "00-%s-%s-%s"
          .formatted(context.getTraceId(), context.getSpanId(), context.getTraceFlags().asHex());
    }

    void end() {
      span.end();
    }
  }

  /**
   * The settings of the trace exporter, with the names of Spring Boot and OpenTelemetry.
   *
   * @param headers headers of each request to the collector, which may contain secrets
   * @param probability the share of traces started here that are recorded, 0 to 1
   */
  record OtlpSettings(
      String endpoint, Map<String, String> headers, double probability, String service) {
    private static final String BOOT = "management.opentelemetry.tracing.export.otlp.";
    private static final String OTEL = "OTEL_EXPORTER_OTLP_";
    private static final String PROBABILITY = "management.tracing.sampling.probability";
    private static final double BY_DEFAULT = 0.1;

    /**
     * Returns the settings; empty if no collector is configured.
     *
     * @throws MachineLacks if a value cannot be used
     */
    static Optional<OtlpSettings> of(Environment environment) {
      if (!environment.getProperty("management.tracing.export.enabled", Boolean.class, true)) {
        return Optional.empty();
      }
      return endpoint(environment)
          .map(
              endpoint ->
                  new OtlpSettings(
                      checked(endpoint, environment),
                      headers(environment),
                      probability(environment),
                      environment.getProperty("OTEL_SERVICE_NAME", "graft")));
    }

    private static Optional<String> endpoint(Environment environment) {
      Optional<String> whole =
          Stream.of(BOOT + "endpoint", "management.otlp.tracing.endpoint", OTEL + "TRACES_ENDPOINT")
              .flatMap(name -> setting(environment, name).stream())
              .findFirst();
      return whole.or(
          () ->
              setting(environment, OTEL + "ENDPOINT")
                  .map(base -> base.replaceAll("/+$", "") + "/v1/traces"));
    }

    private static Optional<String> setting(Environment environment, String name) {
      return Optional.ofNullable(environment.getProperty(name))
          .map(String::strip)
          .filter(value -> !value.isEmpty());
    }

    private static String checked(String endpoint, Environment environment) {
      if (!http(endpoint)) {
        throw new MachineLacks(
            "'%s' is not the URL of a trace collector: set %sendpoint to a URL such as http://collector:4318/v1/traces"
                .formatted(endpoint, BOOT));
      }
      String protocol =
          setting(environment, OTEL + "TRACES_PROTOCOL")
              .or(() -> setting(environment, OTEL + "PROTOCOL"))
              .orElse("http/protobuf");
      if (!protocol.equals("http/protobuf")) {
        throw new MachineLacks(
            "%sPROTOCOL is '%s', but traces are sent as http/protobuf: set %sendpoint to the collector's URL for that protocol, usually on port 4318, and %sTRACES_PROTOCOL to http/protobuf"
                .formatted(OTEL, protocol, BOOT, OTEL));
      }
      return endpoint;
    }

    private static boolean http(String endpoint) {
      try {
        URI uri = URI.create(endpoint);
        return uri.getHost() != null
            && ("http".equals(uri.getScheme()) || "https".equals(uri.getScheme()));
      } catch (IllegalArgumentException malformed) {
        return false;
      }
    }

    private static double probability(Environment environment) {
      String text = setting(environment, PROBABILITY).orElse(null);
      Double value = text == null ? Double.valueOf(BY_DEFAULT) : number(text);
      if (value == null || !(value >= 0 && value <= 1)) {
        throw new MachineLacks(
            "%s is '%s': set it to a number from 0 to 1".formatted(PROBABILITY, text));
      }
      return value;
    }

    private static @Nullable Double number(String text) {
      try {
        return Double.valueOf(text);
      } catch (NumberFormatException e) {
        return null;
      }
    }

    /**
     * Returns the headers of {@code name=value,name=value} with URL-encoded values, overridden by
     * Spring Boot's map.
     */
    private static Map<String, String> headers(Environment environment) {
      Map<String, String> headers = new LinkedHashMap<>();
      String all =
          setting(environment, OTEL + "TRACES_HEADERS")
              .or(() -> setting(environment, OTEL + "HEADERS"))
              .orElse("");
      for (String pair : all.split(",", -1)) {
        int equals = pair.indexOf('=');
        if (equals > 0)
          headers.put(pair.substring(0, equals).strip(), decoded(pair.substring(equals + 1)));
      }
      headers.putAll(
          Binder.get(environment)
              .bind(BOOT + "headers", Bindable.mapOf(String.class, String.class))
              .orElse(Map.of()));
      return Map.copyOf(headers);
    }

    private static String decoded(String value) {
      try {
        return URLDecoder.decode(value.strip().replace("+", "%2B"), StandardCharsets.UTF_8);
      } catch (IllegalArgumentException e) {
        throw new MachineLacks(
            OTEL + "HEADERS has a value that is not percent-encoded: encode % as %25");
      }
    }
  }

  /** The traces of this process, for every role. */
  @EveryRole
  @Configuration(proxyBeanMethods = false)
  static class TracingConfiguration {
    @Bean(destroyMethod = "close")
    Traces traces(Environment environment, Clock clock) {
      return Traces.of(environment, clock);
    }
  }
}
