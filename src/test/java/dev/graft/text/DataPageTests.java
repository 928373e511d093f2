package dev.graft.text;

import static org.assertj.core.api.Assertions.assertThat;

import dev.graft.spec.TrainingSpec;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.json.JsonMapper;

/** The examples of docs/data.md are what happens. */
class DataPageTests {
  private static final Path MODEL = Path.of("src/test/resources/models/chatml-bytes");
  private static final Pattern EXAMPLE =
      Pattern.compile("(?:```json\n([^`]*)```\n\n)?```jsonl\n([^`]*)```\n\n```text\n([^`]*)```");

  @Test
  void everyExampleTrainsWhatThePageMarks() throws IOException {
    Matcher example = EXAMPLE.matcher(Files.readString(Path.of("docs/data.md")));
    List<String> marked = new ArrayList<>();
    List<String> shown = new ArrayList<>();
    try (Tokenizer tokenizer = Tokenizer.load(MODEL)) {
      while (example.find()) {
        shown.add(example.group(3));
        marked.add(marked(tokenizer, example.group(1), example.group(2)));
      }
    }
    assertThat(marked).isEqualTo(shown).hasSizeGreaterThan(7);
  }

  private static String marked(Tokenizer tokenizer, String settings, String lines)
      throws IOException {
    TrainingSpec spec =
        TrainingSpec.resolve(
            settings == null ? null : new JsonMapper().readTree(settings), null, null, null);
    var rows =
        new RowTokenizer(
            tokenizer,
            () -> chatMl(tokenizer),
            spec.data(),
            new Truncation(
                spec.training().rows().truncationMode(), spec.training().rows().maxLength()));
    List<Example> examples = new ArrayList<>();
    byte[] file = lines.getBytes(StandardCharsets.UTF_8);
    assertThat(RowReader.read(new ByteArrayInputStream(file), examples::add).problems()).isEmpty();
    return String.join(
        "\n",
        examples.stream()
            .flatMap(
                row ->
                    row instanceof Example.PreferencePair pair
                        ? sides(rows.tokenize(pair))
                        : rows.tokenize(row).stream())
            .map(row -> marked(tokenizer, row))
            .toList());
  }

  private static Stream<TokenizedRow> sides(TokenizedRow.TokenizedPair pair) {
    return Stream.of(pair.chosen(), pair.rejected());
  }

  private static String marked(Tokenizer tokenizer, TokenizedRow row) {
    StringBuilder text = new StringBuilder();
    boolean open = false;
    for (int i = 0; i < row.ids().length; i++) {
      boolean trains = row.labels()[i] != TokenizedRow.IGNORE;
      if (trains != open) text.append(trains ? '«' : '»');
      open = trains;
      text.append(tokenizer.decode(row.ids()[i]));
    }
    if (open) text.append('»');
    return text.toString().endsWith("\n") ? text.toString() : text.append('\n').toString();
  }

  private static ChatTemplate chatMl(Tokenizer tokenizer) {
    String template =
        """
        {%- for message in messages %}
        {{- '<|im_start|>' + message['role'] + '\\n' }}
        {%- if message['role'] == 'assistant' %}
        {%- generation %}{{- message['content'] + '<|im_end|>' }}{%- endgeneration %}{{- '\\n' }}
        {%- else %}{{- message['content'] + '<|im_end|>\\n' }}
        {%- endif %}
        {%- endfor %}
        {%- if add_generation_prompt %}{{- '<|im_start|>assistant\\n' }}{%- endif %}\
        """;
    return new ChatTemplate(
        template, tokenizer.bosToken(), tokenizer.eosToken(), Tokenizer.PINNED_DATE);
  }
}
