package dev.graft.text;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.SequenceInputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class RowReaderTests {
  private final List<Example> examples = new ArrayList<>();

  @Test
  void chatsAreReadWithTheirLines() throws IOException {
    RowReader.Summary summary =
        read(
            """
            {"messages":[{"role":"developer","content":"s"},{"role":"user","content":[{"type":"text","text":"a"},{"type":"text","text":"b"}]},{"role":"assistant","content":"c","weight":0}]}

            {"messages":[{"role":"user","content":"x"},{"role":"assistant","content":null,"tool_calls":[{"id":"1"}]}],"tools":[]}
            """);
    assertThat(summary)
        .isEqualTo(new RowReader.Summary(2, Example.Kind.CHAT, 177, null, List.of()));
    Example.Chat first = (Example.Chat) examples.getFirst();
    assertThat(first.messages())
        .containsExactly(
            Map.of("role", "system", "content", "s"),
            Map.of("role", "user", "content", "ab"),
            Map.of("role", "assistant", "content", "c", "weight", 0));
    assertThat(examples.get(1).line()).isEqualTo(3);
  }

  @Test
  void byteOrderMarkAndWindowsLineBreaksPass() throws IOException {
    RowReader.Summary summary = read("\uFEFF{\"text\":\"a\"}\r\n{\"text\":\"b\"}\r\n");
    assertThat(summary.problems()).isEmpty();
    assertThat(examples).containsExactly(new Example.Text(1, "a"), new Example.Text(2, "b"));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "not json | is not a JSON object",
        "[1] | is not a JSON object",
        "{\"text\":\"a\"} x | is not a JSON object",
        "{\"text\":\"a\",\"text\":\"b\"} | is not a JSON object",
        "{\"text\":7} | text must be a string",
        "{\"text\":\"a\",\"id\":1} | has an unknown key: id",
        "{} | has none of messages",
        "{\"prompt\":\"a\"} | completion must be a string",
        "{\"messages\":[]} | messages must be a list",
        "{\"messages\":[{\"role\":\"user\",\"content\":\"a\"}]} | has no assistant turn",
        "{\"messages\":[{\"role\":\"robot\",\"content\":\"a\"}]} | messages[0].role must be",
        "{\"messages\":[{\"role\":\"assistant\"}]} | messages[0].content must be a string",
        "{\"messages\":[{\"role\":\"assistant\",\"content\":\"a\",\"weight\":2}]} |"
            + " messages[0].weight",
        "{\"messages\":[{\"role\":\"assistant\",\"content\":\"a\",\"wieght\":1}]} | messages[0] has"
            + " an unknown key: wieght",
        "{\"messages\":[{\"role\":\"user\",\"content\":[{\"type\":\"image_url\"}]}]} |"
            + " messages[0].content may contain only parts",
        "{\"conversations\":[{\"from\":\"human\"}]} | conversations[0].value must be a string",
        "{\"instruction\":\"a\"} | output must be a string",
        "{\"prompt\":[],\"completion\":[]} | completion must be a list",
        "{\"prompt\":\"a\",\"completion\":[{\"role\":\"user\",\"content\":\"a\"}]} | completion has"
            + " no assistant turn",
        "{\"chosen\":\"a\"} | rejected must be a string",
        "{\"chosen\":\"a\",\"rejected\":\"a\"} | chosen and rejected do not differ",
        "{\"prompt\":7,\"chosen\":\"a\",\"rejected\":\"b\"} | prompt must be a string",
        "{\"preferred_output\":[],\"non_preferred_output\":[]} | input must be an object",
        "{\"text\":\"\\ud800\"} | contains an unpaired surrogate",
        "{\"text\":\"\\ufdd0\"} | contains an unpaired surrogate or a noncharacter",
      })
  void badRowsAreToldByLine(String row, String message) throws IOException {
    RowReader.Summary summary = read("\n" + row + "\n");
    assertThat(summary.problems()).hasSize(1);
    assertThat(summary.problems().getFirst().line()).isEqualTo(2);
    assertThat(summary.problems().getFirst().message()).startsWith(message);
  }

  /** OpenAI's guides say output, its specification completion. */
  @Test
  void bothNamesOfOpenAisPreferencesAreTheSameRow() throws IOException {
    String row =
        "{'input':{'messages':[{'role':'user','content':'a'}]},"
            + "'preferred_output':[{'role':'assistant','content':'b'}],"
            + "'non_preferred_output':[{'role':'assistant','content':'c'}]}";
    assertThat(only(row.replace("_output", "_completion"))).isEqualTo(only(row));
  }

  @Test
  void everyKindIsKnownByItsKeys() throws IOException {
    assertThat(only("{'instruction':'a','input':'','output':'c','system':'s'}"))
        .isEqualTo(
            new Example.ChatPromptCompletion(
                1,
                List.of(turn("system", "s"), turn("user", "a")),
                List.of(turn("assistant", "c")),
                null));
    assertThat(only("{'conversations':[{'from':'human','value':'a'},{'from':'gpt','value':'b'}]}"))
        .isEqualTo(new Example.Chat(1, List.of(turn("human", "a"), turn("gpt", "b")), null));
    assertThat(only("{'prompt':'a','completion':'b'}"))
        .isEqualTo(new Example.PromptCompletion(1, "a", "b"));
    assertThat(only("{'messages':[{'role':'assistant','content':'a','weight':0.0}]}"))
        .isEqualTo(
            new Example.Chat(
                1, List.of(Map.of("role", "assistant", "content", "a", "weight", 0)), null));
  }

  @Test
  void thePromptOfAPreferenceIsWhatBothSidesBeginWith() throws IOException {
    assertThat(only("{'chosen':'It is blue','rejected':'It is red'}"))
        .isEqualTo(
            new Example.PreferencePair(
                1,
                new Example.PromptCompletion(1, "It is", " blue"),
                new Example.PromptCompletion(1, "It is", " red")));
    assertThat(only("{'chosen':'a','rejected':'b'}"))
        .isEqualTo(
            new Example.PreferencePair(
                1,
                new Example.PromptCompletion(1, "", "a"),
                new Example.PromptCompletion(1, "", "b")));
    var sides =
        (Example.PreferencePair)
            only(
                "{'prompt':'q','chosen':[{'role':'user','content':'q'},{'role':'assistant',"
                    + "'content':'a'}],'rejected':[{'role':'user','content':'q'},"
                    + "{'role':'assistant','content':'b'}]}");
    assertThat(sides.rejected())
        .isEqualTo(
            new Example.ChatPromptCompletion(
                1, List.of(turn("user", "q")), List.of(turn("assistant", "b")), null));
  }

  private Example only(String row) throws IOException {
    examples.clear();
    assertThat(read(row.replace('\'', '"')).problems()).isEmpty();
    return examples.getFirst();
  }

  private static Map<String, Object> turn(String role, String content) {
    return Map.of("role", role, "content", content);
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "\n\n", "  \n"})
  void filesWithoutRowsAreAProblem(String content) throws IOException {
    assertThat(read(content).problems())
        .containsExactly(new RowReader.Problem(0, "the file contains no rows"));
  }

  @Test
  void kindsDoNotMix() throws IOException {
    RowReader.Summary summary = read("{\"text\":\"a\"}\n{\"prompt\":\"a\",\"completion\":\"b\"}");
    assertThat(summary.problems())
        .containsExactly(
            new RowReader.Problem(
                2, "is a prompt/completion row, but the file starts with a text row"));
  }

  @Test
  void deepNestingAndBrokenUtf8AreRefused() throws IOException {
    assertThat(read("[".repeat(100_000)).problems()).hasSize(1);
    RowReader.Summary summary =
        RowReader.read(new ByteArrayInputStream(new byte[] {'"', (byte) 0xC3, '"'}), e -> {});
    assertThat(summary.problems()).containsExactly(new RowReader.Problem(1, RowReader.NOT_UTF8));
  }

  @Test
  void anEndlessLineTakesNoMemoryAndTheNextIsRead() throws IOException {
    InputStream blanks =
        new InputStream() {
          private long left = 300_000_000;

          @Override
          public int read() {
            return left-- > 0 ? ' ' : -1;
          }

          @Override
          public int read(byte[] into, int offset, int length) {
            if (left <= 0) return -1;
            left -= length;
            return length;
          }
        };
    byte[] next = "\n{\"text\":\"a\"}".getBytes(StandardCharsets.UTF_8);
    RowReader.Summary summary =
        RowReader.read(
            new SequenceInputStream(blanks, new ByteArrayInputStream(next)), examples::add);
    assertThat(summary.problems())
        .containsExactly(new RowReader.Problem(1, "is longer than 1048576 bytes"));
    assertThat(examples).hasSize(1);
  }

  @Test
  void readingStopsAfterAHundredProblems() throws IOException {
    assertThat(read("x\n".repeat(1000)).problems()).hasSize(RowReader.MAX_PROBLEMS);
  }

  private RowReader.Summary read(String content) throws IOException {
    return RowReader.read(
        new ByteArrayInputStream(content.getBytes(StandardCharsets.UTF_8)), examples::add);
  }
}
