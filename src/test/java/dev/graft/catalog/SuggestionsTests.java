package dev.graft.catalog;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;

import dev.graft.artifacts.hub.HubRepository;
import dev.graft.cli.GraftCommand;
import dev.graft.spec.TrainingSpec;
import dev.graft.training.RowSizes;
import dev.graft.training.TrainedParts;
import dev.graft.weights.ModelDirectory;
import java.io.IOException;
import java.io.InputStream;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import picocli.CommandLine;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** What Graft suggests is what it trains, with the numbers that jobs are estimated by. */
class SuggestionsTests {
  private static final String AUTO = "{\"training\": {\"gradient_checkpointing\": \"auto\"}}";
  private static final JsonNode SHAPES = shapes();

  @TempDir Path directory;

  private static JsonNode shapes() {
    try (InputStream in =
        SuggestionsTests.class.getResourceAsStream("/dev/graft/catalog/suggested-shapes.json")) {
      return JsonMapper.shared().readTree(in);
    } catch (IOException e) {
      throw new java.io.UncheckedIOException(e);
    }
  }

  static List<SuggestedModel> all() {
    return SuggestedModel.on(null);
  }

  @ParameterizedTest
  @MethodSource("all")
  void aModelHasTheNumbersOfItsConfiguration(SuggestedModel model) throws IOException {
    Files.writeString(directory.resolve("config.json"), SHAPES.path(model.id()).toString());
    try (ModelDirectory read = ModelDirectory.open(directory)) {
      assertThat(read.config().modelType()).isEqualTo(model.family());
      assertThat(
              read.config().parameters().stream()
                  .mapToLong(each -> Arrays.stream(each.shape()).reduce(1, Math::multiplyExact))
                  .sum())
          .isEqualTo(model.parameters());
    }
    assertThat(model.trainingMemory())
        .isEqualTo(
            TrainedParts.of(
                    directory,
                    TrainingSpec.resolve(JsonMapper.shared().readTree(AUTO), null, null, null),
                    RowSizes.UNKNOWN)
                .memory()
                .bytes());
    assertThat(model.bytes()).isBetween(2 * model.parameters(), 3 * model.parameters());
    assertThat(HubRepository.parse(model.source()).revision()).matches("[0-9a-f]{40}");
    assertThatCode(() -> BaseModels.requireName(model.id())).doesNotThrowAnyException();
    assertThat(model.fits()).isNull();
  }

  @Test
  void thoseThatFitComeFirst() {
    long memory = all().get(4).trainingMemory();
    assertThat(SuggestedModel.on(memory))
        .extracting(SuggestedModel::fits)
        .startsWith(true, true, true, true, true, false)
        .endsWith(false);
    assertThat(all())
        .isSortedAccordingTo((a, b) -> Long.compare(a.trainingMemory(), b.trainingMemory()));
  }

  @Test
  void theCommandSaysWhatThisMachineHoldsAndHowToAddIt() {
    StringWriter out = new StringWriter();
    StringWriter err = new StringWriter();
    CommandLine models =
        GraftCommand.all().setOut(new PrintWriter(out)).setErr(new PrintWriter(err));
    assertThat(models.execute("models", "suggest")).isZero();
    assertThat(out.toString().lines().toList())
        .hasSize(all().size() + 1)
        .first()
        .asString()
        .matches("NAME +PARAMETERS +SIZE +LICENCE +LORA NEEDS +FITS +FROM");
    assertThat(out.toString())
        .contains("134 M", "269 MB", "llama3.2 (accept it on the hub)")
        .containsPattern("smollm2-135m .* (yes|no|-) +hf:HuggingFaceTB/SmolLM2-135M-Instruct@12fd");
    assertThat(err.toString()).contains("To add a model: graft models add smollm2-135m --from hf:");
  }
}
