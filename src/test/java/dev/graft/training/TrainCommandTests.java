package dev.graft.training;

import static org.assertj.core.api.Assertions.assertThat;

import dev.graft.Concurrent;
import dev.graft.tiny.TinyLlama;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import picocli.CommandLine;
import tools.jackson.databind.json.JsonMapper;

@Concurrent
class TrainCommandTests {
  private final PrintStream out = System.out;
  private @TempDir Path directory;

  @AfterEach
  void restore() {
    System.setOut(out);
  }

  @Test
  void aRunContinuesFromAnAdapterAndSaysWhatContradictsIt() throws IOException {
    assertThat(train("{'peft':{'r':4},'training':{'max_steps':1}}", "first")).isZero();
    String adapter = directory.resolve("first").toString();
    assertThat(train("{'training':{'max_steps':1}}", "second", "--adapter", adapter)).isZero();
    assertThat(rank("second")).isEqualTo(4).isEqualTo(rank("first"));
    assertThat(train("{'peft':{'r':8}}", "third", "--adapter", adapter)).isEqualTo(2);
    assertThat(train("{}", "third", "--adapter", directory.toString())).isEqualTo(2);
    assertThat(directory.resolve("third")).doesNotExist();
  }

  private int rank(String name) throws IOException {
    String config = Files.readString(directory.resolve(name).resolve("adapter_config.json"));
    return JsonMapper.shared().readTree(config).path("r").asInt();
  }

  private int train(String adapter, String name, String... more) throws IOException {
    Path base = TinyLlama.write(Files.createTempDirectory(directory, "base"), 1);
    Path rows = Files.writeString(directory.resolve("rows.jsonl"), "{\"text\":\"abcabc\"}\n");
    String spec =
        "{'base_model':'%s','training_file':'%s','adapter':%s}".formatted(base, rows, adapter);
    Path file = Files.writeString(directory.resolve("spec.json"), spec.replace('\'', '"'));
    CommandLine command = new CommandLine(new TrainCommand());
    String[] arguments = {file.toString(), "--out", directory.resolve(name).toString()};
    return command.execute(
        java.util.stream.Stream.of(arguments, more)
            .flatMap(java.util.Arrays::stream)
            .toArray(String[]::new));
  }
}
