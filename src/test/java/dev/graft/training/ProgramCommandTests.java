package dev.graft.training;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import picocli.CommandLine;

class ProgramCommandTests {
  private static final Path PARITY = Path.of("src/test/resources/parity");

  @TempDir private Path directory;
  private final StringWriter printed = new StringWriter();
  private final StringWriter said = new StringWriter();

  private int program(String base, Path adapter, String... more) {
    CommandLine command = new CommandLine(new ProgramCommand());
    command.setOut(new PrintWriter(printed)).setErr(new PrintWriter(said, true));
    String[] all = new String[4 + more.length];
    all[0] = "--model=" + PARITY.resolve("models").resolve(base);
    all[1] = "--adapter=" + adapter;
    System.arraycopy(more, 0, all, 2, more.length);
    return command.execute(java.util.Arrays.copyOf(all, 2 + more.length));
  }

  private Path file(String json) throws IOException {
    return Files.writeString(directory.resolve("adapter.json"), json.replace('\'', '"'));
  }

  @Test
  void layersThatAreAlikeShareAProgramWithTheMethodInIt() throws IOException {
    Path lora = file("{'peft':{'peft_type':'LORA','r':4,'target_modules':['q_proj']}}");
    assertThat(program("gemma3", lora)).as(said::toString).isZero();
    assertThat(printed.toString())
        .contains("# layer1 model.layers.0. model.layers.1.", "# layer2 model.layers.2.")
        .contains("self_attn.q_proj.lora_A.weight, trains: gradients[0]")
        .contains("  def embedding0_infer(self: __torch__.Model,")
        .contains("  def layer1_forward(", "  def layer1_backward(", "  def layer1_autograd(")
        .contains("  def layer1_decode(", "  def head3_infer(")
        .contains("__torch__.adapters.low_rank.");
  }

  @Test
  void oneLayerStandsAlone() throws IOException {
    Path qlora = file("{'peft':{'peft_type':'LORA','r':4},'quantization':{'load_in_4bit':true}}");
    assertThat(program("llama", qlora, "--layer=1")).as(said::toString).isZero();
    assertThat(printed.toString())
        .contains("__torch__.quantised.four_bit(")
        .doesNotContain("def embedding0", "def head2");
  }

  @Test
  void whatPeftHasSavedIsReadToo() {
    assertThat(program("llama", PARITY.resolve("lora-llama/final"))).as(said::toString).isZero();
    assertThat(printed.toString()).contains("lora_A.weight, trains");
  }

  @ParameterizedTest
  @ValueSource(strings = {"llama", "llama-cls"})
  void aSavedClassificationHasItsHeadOnAnyBase(String base) {
    Path saved = PARITY.resolve("lora-llama-cls/final");
    assertThat(program(base, saved)).as(said::toString).isZero();
    assertThat(printed.toString()).contains("score.weight, trains").doesNotContain("lm_head");
  }

  @ParameterizedTest
  @CsvSource({"sft", "dpo", "orpo", "pretraining"})
  void whatLearnsToWriteHasTheHeadForItOnAClassifierToo(String objective) throws IOException {
    Path asked = file("{'objective':'%s'}".formatted(objective));
    assertThat(program("llama-cls", asked)).as(said::toString).isZero();
    // the matrix of the words is the loss's: it is no tensor of a part
    assertThat(printed.toString()).contains("# head3").doesNotContain("score");
  }

  @ParameterizedTest
  @CsvSource({"classification", "regression"})
  void whatLabelsHasTheHeadForItOnABaseThatWrites(String objective) throws IOException {
    assertThat(program("llama", file("{'objective':'%s'}".formatted(objective)))).isZero();
    assertThat(printed.toString()).contains("score.weight, trains").doesNotContain("lm_head");
  }

  @Test
  void anEncoderWritesNothing() throws IOException {
    assertThat(program("bert", file("{}"))).isEqualTo(2);
    assertThat(said.toString()).startsWith("graft: ").contains("classif");
    assertThat(printed.toString()).isEmpty();
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = ';',
      value = {
        "{'peft':{'peft_type':'LORA','rank':4}}; ;graft: adapter.peft.rank: unknown setting",
        "{'peft':{'peft_type':'LORA','target_modules':['nowhere']}}; ;nowhere",
        "{'peft':{'peft_type':'LORA'}};--layer=2;graft: the base has layers 0 to 1",
        "{; ;is not a readable JSON file"
      },
      quoteCharacter = '^')
  void whatCannotRunIsRefusedWithTheReason(String json, String more, String reason)
      throws IOException {
    String[] options = more == null ? new String[0] : new String[] {more};
    assertThat(program("llama", file(json), options)).isEqualTo(2);
    assertThat(said.toString()).contains(reason);
    assertThat(printed.toString()).isEmpty();
  }
}
