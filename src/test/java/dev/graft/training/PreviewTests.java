package dev.graft.training;

import static org.assertj.core.api.Assertions.assertThat;

import dev.graft.spec.TrainingSpec;
import dev.graft.tiny.TinyLlama;
import dev.graft.training.TrainCommand.Preview;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import tools.jackson.databind.json.JsonMapper;

class PreviewTests {
  @TempDir private Path directory;

  @ParameterizedTest
  @CsvSource(
      delimiter = '→',
      quoteCharacter = '`',
      value = {
        "{'messages':[{'role':'user','content':'a'},{'role':'assistant','content':'bc'}]}→bc<|end|>",
        "{'conversations':[{'from':'user','value':'a'},{'from':'assistant','value':'bc'}]}→bc<|end|>",
        "{'prompt':'a','completion':'bc'}→bc<|end|>",
        "{'prompt':[{'role':'user','content':'a'}],'completion':[{'role':'assistant',"
            + "'content':'bc'}]}→bc<|end|>",
        "{'instruction':'a','output':'bc'}→bc<|end|>",
        "{'text':'abc'}→abc<|end|>",
      })
  void everyKindOfRowShowsWhatTrains(String row, String trained) throws IOException {
    List<Preview.PreviewedRow> rows = preview(row);
    assertThat(rows).hasSize(1);
    assertThat(trained(rows.getFirst())).isEqualTo(trained);
    assertThat(rows.getFirst().text()).contains("a").endsWith("<|end|>");
  }

  @Test
  void aPreferenceRowShowsBothSides() throws IOException {
    List<Preview.PreviewedRow> rows = preview("{'prompt':'a','chosen':'b','rejected':'c'}");
    assertThat(rows).extracting(Preview.PreviewedRow::part).containsExactly("chosen", "rejected");
    assertThat(rows).extracting(PreviewTests::trained).containsExactly("b<|end|>", "c<|end|>");
  }

  private static String trained(Preview.PreviewedRow row) {
    StringBuilder text = new StringBuilder();
    row.tokens().stream().filter(Preview.Token::trained).forEach(t -> text.append(t.text()));
    return text.toString();
  }

  private List<Preview.PreviewedRow> preview(String row) throws IOException {
    return Preview.rows(
        new SpecFile(
            TinyLlama.write(directory.resolve("base"), 1),
            Files.writeString(directory.resolve("rows.jsonl"), row.replace('\'', '"')),
            null,
            TrainingSpec.resolve(new JsonMapper().readTree("{}"), null, null, null),
            null),
        3);
  }
}
