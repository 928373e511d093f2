package dev.graft.training;

import static org.assertj.core.api.Assertions.assertThat;

import dev.graft.weights.GgufContents;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Arrays;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import picocli.CommandLine;

class GgufCommandTests {
  private static final Path PARITY = Path.of("src/test/resources/parity");
  private static final Path BASE = PARITY.resolve("models/llama");

  @TempDir private Path directory;
  private final StringWriter said = new StringWriter();

  @Test
  void anAdapterOfPeftBecomesOneFile() throws IOException {
    Path out = directory.resolve("adapter.gguf");
    assertThat(gguf(BASE, PARITY.resolve("lora-embedding/final"), out)).as(said::toString).isZero();
    assertThat(GgufContents.read(out).tensors())
        .anyMatch(each -> each.startsWith("token_embd.weight.lora_a F16 [97, "))
        .allMatch(each -> each.contains(" F16 "));
    assertThat(gguf(BASE, PARITY.resolve("lora-llama/final"), out, "--outtype", "bf16")).isZero();
    assertThat(GgufContents.read(out).tensors()).allMatch(each -> each.contains(" BF16 "));
  }

  @Test
  void whatCannotBecomeOneIsRefusedWithTheReason() throws IOException {
    Path adapter = Files.createDirectory(directory.resolve("adapter"));
    refused(adapter, "adapter_config.json is missing");
    Files.writeString(adapter.resolve("adapter_config.json"), "[");
    refused(adapter, "adapter_config.json is not valid JSON");
    Files.copy(
        PARITY.resolve("lora-llama/final/adapter_config.json"),
        adapter.resolve("adapter_config.json"),
        StandardCopyOption.REPLACE_EXISTING);
    refused(adapter, "adapter_model.safetensors is missing");
    Files.write(adapter.resolve("adapter_model.safetensors"), new byte[] {1, 2, 3});
    refused(adapter, "adapter_model.safetensors is truncated");
    Files.copy(
        PARITY.resolve("lora-gpt2/final/adapter_model.safetensors"),
        adapter.resolve("adapter_model.safetensors"),
        StandardCopyOption.REPLACE_EXISTING);
    refused(adapter, "is unexpected");
    refused(PARITY.resolve("dora-qwen2-bias/final"), "");
    assertThat(directory.resolve("adapter.gguf")).doesNotExist();
    assertThat(gguf(BASE, PARITY.resolve("lora-llama/final"), directory)).isEqualTo(2);
    assertThat(
            gguf(
                BASE,
                PARITY.resolve("lora-llama/final"),
                directory.resolve("a"),
                "--outtype",
                "q8_0"))
        .isEqualTo(2);
  }

  private void refused(Path adapter, String why) {
    said.getBuffer().setLength(0);
    assertThat(gguf(BASE, adapter, directory.resolve("adapter.gguf")))
        .as(said::toString)
        .isEqualTo(2);
    assertThat(said.toString()).startsWith("graft: ").contains(why);
  }

  private int gguf(Path model, Path adapter, Path out, String... more) {
    CommandLine command =
        new CommandLine(new AdapterConversion.GgufCommand())
            .setCaseInsensitiveEnumValuesAllowed(true)
            .setOut(new PrintWriter(said))
            .setErr(new PrintWriter(said, true));
    String[] arguments = {
      "--model", model.toString(), "--adapter", adapter.toString(), "--out", out.toString()
    };
    return command.execute(
        Stream.of(arguments, more).flatMap(Arrays::stream).toArray(String[]::new));
  }
}
