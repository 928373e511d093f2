package dev.graft.training;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.JsonNodeFactory;

class ProtocolLinesTests {
  @Test
  void eventsAreSnakeCaseWithTheirType() {
    var event = new TrainingEvent.Evaluated(3, 1.5, 0.25, Map.of("accuracy", 0.5));
    String line = ProtocolLines.write(event);
    assertThat(line)
        .isEqualTo(
            "{\"type\":\"evaluation\",\"step\":3,\"valid_loss\":1.5,"
                + "\"valid_mean_token_accuracy\":0.25,\"metrics\":{\"accuracy\":0.5}}");
    assertThat(ProtocolLines.readEvent(line)).isEqualTo(event);
  }

  @Test
  void failuresNameTheirClassInLowerCase() {
    var event = new TrainingEvent.Failed(TrainerExit.OUT_OF_MEMORY, "line\nbreak", null);
    String line = ProtocolLines.write(event);
    assertThat(line).contains("\"out_of_memory\"").doesNotContain("\n");
    assertThat(ProtocolLines.readEvent(line)).isEqualTo(event);
  }

  @ParameterizedTest
  @EnumSource(TrainerDirective.class)
  void directivesComeBack(TrainerDirective directive) {
    assertThat(ProtocolLines.readDirective(ProtocolLines.write(directive))).isEqualTo(directive);
  }

  /** What trainers in other languages read: {@code engines/ray} has the same line in its tests. */
  @Test
  void pathsAreWrittenAsUris() {
    RunRequest request =
        new RunRequest(
            new JsonMapper().readTree("{\"objective\":\"sft\"}"),
            7,
            new RunRequest.Base(Path.of("/a b/base"), "tiny"),
            new RunRequest.Data(Path.of("/t.jsonl"), null),
            new RunRequest.Directories(Path.of("/out"), Path.of("/\u00fc/c"), Path.of("/r")),
            new RunRequest.Parent("p", Path.of("/s")),
            new RunRequest.Machine("cuda", 2, 5L, true));
    assertThat(ProtocolLines.write(request))
        .isEqualTo(
            "{\"adapter\":{\"objective\":\"sft\"},\"seed\":7,"
                + "\"base\":{\"directory\":\"file:///a%20b/base\",\"name\":\"tiny\"},"
                + "\"data\":{\"training_file\":\"file:///t.jsonl\",\"validation_file\":null},"
                + "\"directories\":{\"output\":\"file:///out\","
                + "\"checkpoints\":\"file:///%C3%BC/c\",\"resume_from\":\"file:///r\",\"tokens\":null},"
                + "\"parent\":{\"name\":\"p\",\"directory\":\"file:///s\"},"
                + "\"machine\":{\"device\":\"cuda\",\"threads\":2,\"memory\":5,\"least\":true}}");
  }

  @Test
  void requestsComeBack() {
    var request =
        new RunRequest(
            JsonNodeFactory.instance.objectNode(),
            7,
            new RunRequest.Base(Path.of("/b"), "base"),
            new RunRequest.Data(Path.of("/t"), null),
            new RunRequest.Directories(Path.of("/o"), Path.of("/c"), null),
            new RunRequest.Parent("p", Path.of("/s")),
            new RunRequest.Machine("cpu", 0));
    assertThat(ProtocolLines.readRequest(ProtocolLines.write(request))).isEqualTo(request);
    assertThat(request.spec().seed()).isEqualTo(7);
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "null", "{}", "[1]", "{\"type\":\"x\"}", "{\"directive\":\"dance\"}"})
  void otherLinesAreRefused(String line) {
    assertThatIllegalArgumentException().isThrownBy(() -> ProtocolLines.readEvent(line));
    assertThatIllegalArgumentException().isThrownBy(() -> ProtocolLines.readDirective(line));
    assertThatIllegalArgumentException().isThrownBy(() -> ProtocolLines.readRequest(line));
  }

  @Test
  void unlistedStatusIsTransient() {
    assertThat(TrainerExit.of(137)).isEqualTo(TrainerExit.TRANSIENT);
    assertThat(TrainerExit.of(2)).isEqualTo(TrainerExit.BAD_INPUT);
  }
}
