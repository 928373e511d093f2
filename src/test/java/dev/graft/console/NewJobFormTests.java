package dev.graft.console;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.graft.console.JobsConsoleController.NewJobForm;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

class NewJobFormTests {
  private static NewJobForm form(String config, String settings, String epochs) {
    return new NewJobForm(
        "tiny", "file-1", "", config, settings, "", "support", "7", epochs, "", " ", "", "", "", "",
        "");
  }

  @Test
  void whatIsEmptyIsLeftToTheServer() {
    assertThat(form("balanced", "{", "").request())
        .isEqualTo(
            JsonMapper.shared()
                .readTree(
                    """
                    {"model": "tiny", "training_file": "file-1", "suffix": "support", "seed": 7,
                     "adapter": "balanced", "method": {"type": "supervised"}}
                    """));
  }

  @Test
  void ownSettingsAndNumbersAreSentAsTheyAre() {
    assertThat(form("own", "{\"peft\": {\"r\": \"x\"}}", "3").request())
        .isEqualTo(
            JsonMapper.shared()
                .readTree(
                    """
                    {"model": "tiny", "training_file": "file-1", "suffix": "support", "seed": 7,
                     "adapter": {"peft": {"r": "x"}},
                     "method": {"type": "supervised", "supervised": {"hyperparameters": {"n_epochs": 3}}}}
                    """));
  }

  @Test
  void anObjectiveWithoutAMethodOfOpenAisIsInTheAdapter() {
    assertThat(labelled("balanced", "{").path("adapter"))
        .isEqualTo(json("{\"config\": \"balanced\", \"objective\": \"classification\"}"));
    assertThat(labelled("", "{").path("adapter"))
        .isEqualTo(json("{\"objective\": \"classification\"}"));
    assertThat(labelled("own", "{\"peft\": {\"r\": 4}}").path("adapter"))
        .isEqualTo(json("{\"peft\": {\"r\": 4}, \"objective\": \"classification\"}"));
    assertThat(labelled("own", "{\"objective\": \"regression\"}").path("adapter"))
        .isEqualTo(json("{\"objective\": \"regression\"}"));
    assertThat(labelled("", "{").path("method")).isEqualTo(json("{\"type\": \"supervised\"}"));
  }

  @Test
  void whatIsAskedOfAWorkerIsSentInTheUnitsOfTheApi() {
    assertThat(asking("24.5", "4").request().path("resources"))
        .isEqualTo(
            json(
                """
                {"device": "cuda", "memory": 24500000000, "capability": "8.0", "devices": 4,
                 "worker_class": "ray"}
                """));
    assertThatThrownBy(() -> asking("\"much\"", "4").request())
        .isInstanceOf(ConsoleAdvice.PageRefused.class)
        .hasMessage("memory must be a number of GB");
    assertThat(asking("", "").request().at("/resources/memory").isMissingNode()).isTrue();
  }

  private static NewJobForm asking(String memory, String devices) {
    return new NewJobForm(
        "b", "f", "", "", "{", "", "", "", "", "", "", "cuda", memory, " 8.0", devices, "ray");
  }

  private static JsonNode labelled(String config, String settings) {
    return new NewJobForm(
            "bert",
            "file-1",
            "",
            config,
            settings,
            "classification",
            "",
            "",
            "",
            "",
            "",
            "",
            "",
            null,
            null,
            null)
        .request();
  }

  private static JsonNode json(String text) {
    return JsonMapper.shared().readTree(text);
  }

  @ParameterizedTest
  @ValueSource(strings = {"{\"peft\": ", "", "  ", "{\"seed\": 1, \"seed\": 2}", "{} {}"})
  void settingsThatAreNoOneJsonAreToldWithTheirField(String settings) {
    assertThatThrownBy(() -> form("own", settings, "").request())
        .isInstanceOfSatisfying(
            ConsoleAdvice.PageRefused.class,
            refused -> {
              assertThat(refused.status()).isEqualTo(400);
              assertThat(refused.findings())
                  .extracting(ConsoleAdvice.PageRefused.Detail::at)
                  .containsExactly("adapter");
            });
  }
}
