package dev.graft.training;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.graft.Concurrent;
import dev.graft.tiny.TinyLlama;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import picocli.CommandLine;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

@Concurrent
class BenchTrainCommandTests {
  private static final String SYSTEM = "Answer the customers of the bank with one word only. ";

  private final PrintStream out = System.out;
  private final ByteArrayOutputStream printed = new ByteArrayOutputStream();
  private @TempDir Path directory;
  private Path base = Path.of(".");

  @BeforeEach
  void write() throws IOException {
    base = TinyLlama.write(directory.resolve("base"), 1);
    System.setOut(new PrintStream(printed, true, StandardCharsets.UTF_8));
  }

  @AfterEach
  void restore() {
    System.setOut(out);
  }

  private static int bench(String... arguments) {
    return new CommandLine(new BenchTrainCommand()).execute(arguments);
  }

  private JsonNode json() {
    return JsonMapper.shared().readTree(printed.toString(StandardCharsets.UTF_8));
  }

  /** Rows of chats that begin alike. */
  private String spec(String training) throws IOException {
    StringBuilder rows = new StringBuilder();
    for (int i = 0; i < 8; i++) {
      rows.append(
          """
          {"messages":[{"role":"system","content":"%s"},{"role":"user","content":"%d?"},\
          {"role":"assistant","content":"yes"}]}
          """
              .formatted(SYSTEM, i));
    }
    Path file = Files.writeString(directory.resolve("rows.jsonl"), rows);
    String spec =
        """
        {"base_model": "%s", "training_file": "%s", "adapter": {"training": {
          "per_device_train_batch_size": 4, "train_sampling_strategy": "sequential", %s}}}
        """
            .formatted(base, file, training);
    return Files.writeString(directory.resolve("spec.json"), spec).toString();
  }

  @Test
  void timesAddUpAndEveryTokenOfRandomRowsIsComputed() {
    int status =
        bench(
            "--model", base.toString(), "--batch", "2", "--length", "32", "--steps", "2", "--json");
    assertThat(status).isZero();
    JsonNode report = json();
    double percent = 0;
    double ms = 0;
    for (String part : new String[] {"data", "forward", "loss", "backward", "optimizer"}) {
      JsonNode share = report.path("time").path(part);
      assertThat(share.path("ms").asDouble()).as(part).isPositive();
      percent += share.path("percent").asDouble();
      ms += share.path("ms").asDouble();
    }
    assertThat(percent).isCloseTo(100, within(1e-6));
    assertThat(ms).isCloseTo(1000 * report.path("seconds_per_step").asDouble(), within(1e-6));
    JsonNode tokens = report.path("tokens_per_step");
    assertThat(tokens.path("logical").asDouble()).isEqualTo(64);
    assertThat(tokens.path("computed").asDouble()).isEqualTo(64);
    assertThat(tokens.path("trained").asDouble()).isEqualTo(62);
    assertThat(report.path("losses").size()).isEqualTo(4);
    assertThat(report.path("device").asString()).isEqualTo("cpu");
    double share = report.path("gemm_bound_share").asDouble();
    assertThat(report.path("gemm_bound_tokens_per_second").asDouble())
        .isCloseTo(report.path("tokens_per_second").asDouble() / share, within(1e-6));
    assertThat(report.path("peak_rss_mb").asLong())
        .isGreaterThanOrEqualTo(report.path("peak_anonymous_mb").asLong());
    assertThat(report.path("peak_mapped_mb").asLong()).isPositive();
    assertThat(report.path("estimate_mb").asLong()).isPositive();
    assertThat(report.path("first_step_seconds").asDouble()).isPositive();
  }

  @Test
  void aRunIsTimedOnItsOwnRowsWhichComputeACommonBeginningOnce() throws IOException {
    String spec = spec("\"max_steps\": 9");
    assertThat(bench("--spec", spec, "--warmup", "1", "--steps", "1", "--json")).isZero();
    JsonNode tokens = json().path("tokens_per_step");
    int shared = 3 * SYSTEM.length();
    assertThat(tokens.path("logical").asDouble() - tokens.path("computed").asDouble())
        .isGreaterThan(shared);
    assertThat(directory.resolve("adapter_config.json")).doesNotExist();
  }

  @Test
  void aReferenceIsRunBesideIt() throws IOException {
    String spec = spec("\"max_steps\": 9");
    String reference =
        "test -f {spec} && echo '{\"tokens_per_second\": {steps}, \"peak_rss_mb\": {warmup}}'";
    int status =
        bench(
            "--spec",
            spec,
            "--warmup",
            "1",
            "--steps",
            "1",
            "--rounds",
            "1",
            "--json",
            "--compare",
            reference);
    assertThat(status).isZero();
    JsonNode round = json().path("rounds").path(0);
    assertThat(round.path("speed_ratio").asDouble())
        .isEqualTo(round.path("graft").path("tokens_per_second").asDouble())
        .isEqualTo(json().path("speed_ratio").path("median").asDouble());
  }

  @Test
  void whatCannotBeMeasuredIsRefused() throws IOException {
    String spec = spec("\"max_steps\": 2");
    assertThat(bench("--spec", spec, "--steps", "5")).isEqualTo(2);
    assertThat(bench("--spec", directory.resolve("none.json").toString())).isEqualTo(2);
    assertThat(bench("--spec", spec, "--warmup", "0")).isEqualTo(2);
    assertThat(bench("--spec", spec, "--model", base.toString())).isEqualTo(2);
    assertThat(bench("--model", base.toString(), "--length", "257")).isEqualTo(2);
    assertThat(bench("--spec", spec, "--steps", "1", "--warmup", "1", "--compare", "exit 4"))
        .isEqualTo(1);
    assertThat(printed.toString(StandardCharsets.UTF_8)).isEmpty();
  }
}
