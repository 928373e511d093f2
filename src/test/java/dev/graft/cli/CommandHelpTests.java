package dev.graft.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import picocli.CommandLine;

class CommandHelpTests {
  private static Stream<CommandLine> all(CommandLine command) {
    return Stream.concat(
        Stream.of(command),
        command.getSubcommands().values().stream().flatMap(CommandHelpTests::all));
  }

  /** A list of commands shows the first line of each description. */
  @Test
  void everyCommandInAListIsAWholeSentence() {
    assertThat(all(GraftCommand.all()))
        .filteredOn(command -> !command.getCommandSpec().usageMessage().hidden())
        .allSatisfy(
            command ->
                assertThat(command.getCommandSpec().usageMessage().description()[0])
                    .as(command.getCommandName())
                    .endsWith("."));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "adapters",
        "artifacts",
        "classify",
        "evaluations",
        "files",
        "jobs",
        "key",
        "keys",
        "login",
        "models",
        "support-bundle",
        "worker-token"
      })
  void everyOptionSaysWhatItIs(String name) {
    assertThat(all(GraftCommand.all().getSubcommands().get(name)))
        .flatMap(command -> command.getCommandSpec().options())
        .filteredOn(option -> !option.hidden())
        .allSatisfy(
            option -> assertThat(option.description()).as(option.longestName()).isNotEmpty());
  }
}
