package dev.graft.platform;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import dev.graft.TestProgram;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.NullSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.slf4j.MDC;
import org.springframework.mock.env.MockEnvironment;

class TracesTests {
  private static final Instant NOW = Instant.parse("2026-01-02T03:04:05Z");
  private static final Clock CLOCK = Clock.fixed(NOW, ZoneOffset.UTC);
  private static final String TRACE = "4bf92f3577b34da6a3ce929d0e0e4736";
  private static final String PARENT = "00f067aa0ba902b7";
  private final Collector collector = new Collector();

  @AfterEach
  void stop() {
    collector.close();
  }

  @Test
  void spansGoOnWithTheTraceOfTheCallerAndNestByThread() {
    try (Traces traces = traces("1");
        Span outer =
            traces.begin("outer", Span.Kind.SERVER, "00-%s-%s-01".formatted(TRACE, PARENT))) {
      assertThat(MDC.get("trace_id")).isEqualTo(TRACE);
      try (Span inner = Span.current().child("inner", Span.Kind.INTERNAL)) {
        inner.put("graft.job_id", "ftjob-1").put("graft.step_first", 3);
        assertThat(Span.current()).isSameAs(inner);
        inner.failed("transient");
      }
      assertThat(Span.current()).isSameAs(outer);
    }
    assertThat(MDC.get("trace_id")).isNull();
    assertThat(Span.current().traceparent()).isNull();
    Collector.Seen inner = seen("inner");
    Collector.Seen outer = seen("outer");
    assertThat(List.of(outer.trace(), inner.trace())).containsOnly(TRACE);
    assertThat(outer.parent()).isEqualTo(PARENT);
    assertThat(inner.parent()).isEqualTo(outer.id());
    assertThat(outer.kind()).isEqualTo(2);
    assertThat(inner.status()).isEqualTo(2);
    assertThat(inner.attributes())
        .isEqualTo(
            Map.of("graft.job_id", "ftjob-1", "graft.step_first", "3", "error.type", "transient"));
    assertThat(inner.service()).isEqualTo("graft");
    assertThat(collector.requests()).containsOnly("POST /v1/traces");
  }

  @Test
  void whatIsOverIsTimedBackwards() {
    try (Traces traces = traces("1")) {
      String own =
          traces.past(
              "wait", "00-%s-%s-01".formatted(TRACE, PARENT), Duration.ofSeconds(7), Map.of());
      assertThat(own).startsWith("00-" + TRACE).endsWith("-01").doesNotContain(PARENT);
    }
    Collector.Seen wait = seen("wait");
    assertThat(wait.end() - wait.start()).isEqualTo(TimeUnit.SECONDS.toNanos(7));
    assertThat(wait.end()).isEqualTo(TimeUnit.SECONDS.toNanos(NOW.getEpochSecond()));
    assertThat(wait.parent()).isEqualTo(PARENT);
  }

  @ParameterizedTest
  @NullSource
  @ValueSource(
      strings = {
        "",
        "nonsense",
        "00-00000000000000000000000000000000-00f067aa0ba902b7-01",
        "ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
        "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-and-more",
        "00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01'; drop table job"
      })
  void nonsenseBeginsATraceOfItsOwn(String traceparent) {
    try (Traces traces = traces("1");
        Span span = traces.begin("root", Span.Kind.SERVER, traceparent)) {
      assertThat(span.traceparent()).matches("00-[0-9a-f]{32}-[0-9a-f]{16}-01");
    }
    assertThat(seen("root").parent()).isEmpty();
    assertThat(seen("root").trace()).isNotEqualTo(TRACE);
  }

  @Test
  void theCallerSaysWhetherATraceIsRecordedAndElseTheProbability() {
    try (Traces traces = traces("1")) {
      traces.begin("not wanted", Span.Kind.SERVER, "00-%s-%s-00".formatted(TRACE, PARENT)).close();
    }
    try (Traces traces = traces("0")) {
      traces.begin("never", Span.Kind.SERVER, null).close();
      traces.begin("wanted", Span.Kind.SERVER, "00-%s-%s-01".formatted(TRACE, PARENT)).close();
    }
    assertThat(collector.spans()).extracting(Collector.Seen::name).containsExactly("wanted");
  }

  @ParameterizedTest
  @CsvSource({
    "management.opentelemetry.tracing.export.otlp.endpoint, /v1/traces",
    "management.otlp.tracing.endpoint, /v1/traces",
    "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT, /v1/traces",
    "OTEL_EXPORTER_OTLP_ENDPOINT, /",
    "OTEL_EXPORTER_OTLP_ENDPOINT, ''"
  })
  void theCollectorIsSetAsSpringBootOrOpenTelemetryNamesIt(String property, String path) {
    MockEnvironment settings =
        new MockEnvironment()
            .withProperty(property, collector.url() + path)
            .withProperty("management.tracing.sampling.probability", "1")
            .withProperty("OTEL_SERVICE_NAME", "graft-eu")
            .withProperty("OTEL_EXPORTER_OTLP_HEADERS", "x-one=a%2Cb, x-two=2")
            .withProperty(
                "management.opentelemetry.tracing.export.otlp.headers.authorization", "Bearer t");
    try (Traces traces = Traces.of(settings, CLOCK)) {
      traces.begin("root", Span.Kind.SERVER, null).close();
    }
    assertThat(seen("root").service()).isEqualTo("graft-eu");
    assertThat(collector.requests()).containsOnly("POST /v1/traces");
    assertThat(collector.header("x-one")).isEqualTo("a,b");
    assertThat(collector.header("x-two")).isEqualTo("2");
    assertThat(collector.header("authorization")).isEqualTo("Bearer t");
    settings.setProperty("management.tracing.export.enabled", "false");
    assertThat(Traces.of(settings, CLOCK)).isSameAs(Traces.NONE);
  }

  @ParameterizedTest
  @CsvSource({
    "OTEL_EXPORTER_OTLP_ENDPOINT, collector:4317, http://collector:4318/v1/traces",
    "OTEL_EXPORTER_OTLP_ENDPOINT, ftp://collector, http://collector:4318/v1/traces",
    "OTEL_EXPORTER_OTLP_PROTOCOL, grpc, http/protobuf",
    "OTEL_EXPORTER_OTLP_HEADERS, a=%, percent-encoded",
    "management.tracing.sampling.probability, 10, from 0 to 1",
    "management.tracing.sampling.probability, NaN, from 0 to 1",
    "management.tracing.sampling.probability, much, from 0 to 1"
  })
  void whatCannotBeFollowedIsSaidAtTheStart(String property, String value, String said) {
    MockEnvironment settings =
        new MockEnvironment()
            .withProperty("OTEL_EXPORTER_OTLP_ENDPOINT", collector.url())
            .withProperty(property, value);
    assertThatExceptionOfType(MachineLacks.class)
        .isThrownBy(() -> Traces.of(settings, CLOCK))
        .withMessageContaining(said);
  }

  @Test
  void withoutACollectorNoClassOfOpenTelemetryIsLoaded() throws Exception {
    List<String> command = new ArrayList<>(TestProgram.of(Untraced.class, "64m"));
    command.add(1, "-Xlog:class+load:stdout");
    Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
    String said = new String(process.getInputStream().readAllBytes());
    assertThat(process.waitFor()).as(said).isZero();
    assertThat(said).contains(Span.class.getName()).doesNotContain("io.opentelemetry");
  }

  /** What a server and a worker do for a job, with nothing set. */
  static final class Untraced {
    private Untraced() {}

    public static void main(String[] arguments) {
      try (Traces traces = Traces.of(new MockEnvironment(), CLOCK);
          Span span = traces.begin("a", Span.Kind.SERVER, "00-%s-%s-01".formatted(TRACE, PARENT))) {
        new TracedRequests(traces);
        span.child("b", Span.Kind.INTERNAL).put("c", 1).close();
        if (traces.on() || span.traced() || MDC.get("trace_id") != null) System.exit(1);
      }
    }
  }

  private Collector.Seen seen(String name) {
    return collector.spans().stream()
        .filter(each -> each.name().equals(name))
        .findFirst()
        .orElseThrow();
  }

  private Traces traces(String probability) {
    return Traces.of(
        new MockEnvironment()
            .withProperty("OTEL_EXPORTER_OTLP_ENDPOINT", collector.url())
            .withProperty("management.tracing.sampling.probability", probability),
        CLOCK);
  }
}
