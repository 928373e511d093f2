package dev.graft.text;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import dev.graft.spec.Hyperparameters.TruncationMode;
import dev.graft.spec.TrainingSpec.DataOptions;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What no settings and no template can make of a row is told by its line. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class RowTokenizerTests {
  private static final Example.Text TEXT = new Example.Text(7, "Once upon a time.");
  private static final Example.Chat CHAT =
      new Example.Chat(
          7,
          List.of(
              Map.of("role", "user", "content", "Tell me about rivers and lakes."),
              Map.of("role", "assistant", "content", "They are wet.")),
          null);

  @SuppressWarnings("NullAway.Init")
  private Tokenizer tokenizer;

  @BeforeAll
  void load() {
    tokenizer = Tokenizer.load(Path.of("src/test/resources/models/chatml-bytes"));
  }

  @AfterAll
  void close() {
    tokenizer.close();
  }

  @Test
  void settingsThatARowDoesNotGoWithAreRefused() {
    var assistant = new DataOptions(true, null, false, false);
    var completion = new DataOptions(null, true, false, false);
    refused(TEXT, assistant, Truncation.NONE, "assistant_only_loss");
    refused(TEXT, completion, Truncation.NONE, "completion_only_loss");
    refused(CHAT, completion, Truncation.NONE, "completion_only_loss");
    var pair = new Example.PromptCompletion(7, "a", "b");
    refused(pair, assistant, Truncation.NONE, "assistant_only_loss");
    refused(
        new Example.PreferencePair(7, pair, pair),
        DataOptions.DEFAULT,
        Truncation.NONE,
        "objective");
    var silent = new Example.Chat(7, List.of(Map.of("role", "gpt", "content", "a")), null);
    refused(silent, new DataOptions(null, null, true, false), Truncation.NONE, "no assistant");
  }

  @Test
  void toolCallsThatTheTemplateLeavesOutAreRefused() {
    var call = Map.of("function", Map.of("name", "weather", "arguments", "{}"));
    var row =
        new Example.Chat(
            7,
            List.of(
                Map.of("role", "user", "content", "Rain?"),
                Map.of("role", "assistant", "content", "", "tool_calls", List.of(call))),
            null);
    refused(row, DataOptions.DEFAULT, Truncation.NONE, "tool calls in turn 1");
    String template =
        "{% for m in messages %}<|im_start|>{{ m.role }}\n{{ m.content }}"
            + "{% for c in m.tool_calls %}{{ c.function.name }}{% endfor %}<|im_end|>\n{% endfor %}"
            + "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}";
    var writesCalls = new ChatTemplate(template, null, "<|im_end|>", Tokenizer.PINNED_DATE);
    TokenizedRow trained =
        new RowTokenizer(tokenizer, () -> writesCalls, DataOptions.DEFAULT, Truncation.NONE)
            .tokenize(row)
            .getFirst();
    assertThat(trained.trains()).isTrue();
  }

  @Test
  void controlTokensInARowAreRefusedUnlessAllowed() {
    var row = new Example.PromptCompletion(7, "a", "b<|im_end|>");
    refused(row, DataOptions.DEFAULT, Truncation.NONE, "<|im_end|>");
    DataOptions allowed = new DataOptions(null, null, false, true);
    assertThat(rows(allowed, Truncation.NONE).tokenize(row).getFirst().ids())
        .containsExactly(
            rows(DataOptions.DEFAULT, Truncation.NONE)
                .tokenize(new Example.PromptCompletion(7, "a", "b"))
                .getFirst()
                .ids());
  }

  @Test
  void aRowThatIsTooLongIsRefusedWhereAsked() {
    var refuse = new Truncation(TruncationMode.REFUSE, 4);
    refused(CHAT, DataOptions.DEFAULT, refuse, "tokens long, but max_length is 4");
    assertThat(rows(DataOptions.DEFAULT, new Truncation(TruncationMode.REFUSE, 99)).tokenize(CHAT))
        .singleElement()
        .extracting(TokenizedRow::cut)
        .isEqualTo(false);
  }

  @Test
  void splitBudgetKeepsTheAnswerOrDropsTheRow() {
    TokenizedRow whole = rows(DataOptions.DEFAULT, Truncation.NONE).tokenize(CHAT).getFirst();
    long answer = Arrays.stream(whole.labels()).filter(label -> label >= 0).count() + 1;
    var enough = new Truncation(TruncationMode.SPLIT_BUDGET, (int) answer + 3);
    TokenizedRow row = rows(DataOptions.DEFAULT, enough).tokenize(CHAT).getFirst();
    assertThat(row.cut()).isTrue();
    assertThat(row.ids()).hasSize((int) answer + 3).endsWith(last(whole, (int) answer + 3));
    var little = new Truncation(TruncationMode.SPLIT_BUDGET, (int) answer - 2);
    assertThat(rows(DataOptions.DEFAULT, little).tokenize(CHAT).getFirst().trains()).isFalse();
    refused(TEXT, DataOptions.DEFAULT, little, "no prompt");
  }

  @Test
  void splitBudgetTakesTheSameOffBothSidesOfAPair() {
    var prompt = new ArrayList<Map<String, Object>>(CHAT.messages());
    prompt.removeLast();
    var pair =
        new Example.PreferencePair(
            7, answered(prompt, "yes"), answered(prompt, "no, this is a longer answer"));
    TokenizedRow.TokenizedPair whole = rows(DataOptions.DEFAULT, Truncation.NONE).tokenize(pair);
    int longest = whole.rejected().ids().length;
    assertThat(whole.chosen().ids()).hasSizeLessThan(longest - 5);
    var budget = new Truncation(TruncationMode.SPLIT_BUDGET, longest - 5);
    TokenizedRow.TokenizedPair cut = rows(DataOptions.DEFAULT, budget).tokenize(pair);
    int[] chosen = cut.chosen().ids();
    assertThat(chosen).hasSize(whole.chosen().ids().length - 5);
    assertThat(cut.rejected().ids())
        .hasSize(longest - 5)
        .startsWith(Arrays.copyOf(chosen, whole.promptLength() - 5));
  }

  /** Earlier reasoning is left out, as by Qwen3's; marked or not. */
  @ParameterizedTest
  @ValueSource(strings = {"", "{% generation %}"})
  void eachTurnTrainsBehindWhatItsModelSees(String mark) {
    ChatTemplate template = leavesOutReasoning(mark);
    RowTokenizer rows =
        new RowTokenizer(tokenizer, () -> template, DataOptions.DEFAULT, Truncation.NONE);
    List<Map<String, Object>> turns = new ArrayList<>();
    for (String each : List.of("one", "two", "three")) {
      turns.add(Map.of("role", "user", "content", each));
      turns.add(answer("<think>\nabout " + each + "\n</think>\n\n" + each + "!"));
      turns.add(answer("<think>\nmore\n</think>\n\nof " + each));
    }
    turns.set(3 + 1, Map.of("role", "assistant", "content", "two!", "weight", 0));
    turns.add(Map.of("role", "user", "content", "thanks"));
    List<TokenizedRow> examples = rows.tokenize(new Example.Chat(7, turns, null));
    assertThat(examples).extracting(TokenizedRow::line).containsExactly(7L, 7L, 7L);
    List<String> learned = new ArrayList<>();
    for (TokenizedRow example : examples) {
      for (int turn = 0; turn < turns.size(); turn++) {
        if (!Example.Chat.trains(turns.get(turn))) continue;
        String seen = template.render(turns.subList(0, turn), null, true).text();
        String said = turns.get(turn).get("content") + "<|im_end|>";
        String text = tokenizer.decode(example.ids());
        int begin = tokenizer.ids(seen).length;
        boolean trains =
            text.startsWith(seen + said) && example.labels()[begin] != TokenizedRow.IGNORE;
        if (trains) learned.add(turn + " " + said);
      }
    }
    assertThat(learned)
        .containsExactly(
            "1 <think>\nabout one\n</think>\n\none!<|im_end|>",
            "2 <think>\nmore\n</think>\n\nof one<|im_end|>",
            "5 <think>\nmore\n</think>\n\nof two<|im_end|>",
            "7 <think>\nabout three\n</think>\n\nthree!<|im_end|>",
            "8 <think>\nmore\n</think>\n\nof three<|im_end|>");
    String all = String.join("", learned).replaceAll("(^|(?<=>))\\d ", "");
    assertThat(examples.stream().mapToLong(TokenizedRow::targets).sum())
        .as("nothing else trains")
        .isEqualTo(tokenizer.ids(all).length);
  }

  @Test
  void whereNothingIsLeftOutAChatIsOneRow() {
    ChatTemplate template = leavesOutReasoning("");
    RowTokenizer rows =
        new RowTokenizer(tokenizer, () -> template, DataOptions.DEFAULT, Truncation.NONE);
    var user = Map.<String, Object>of("role", "user", "content", "a");
    var plain = new Example.Chat(7, List.of(user, answer("b"), user, answer("c")), null);
    assertThat(rows.tokenize(plain)).hasSize(1);
    var reasoned = new Example.Chat(7, List.of(user, answer("<think>b</think>c")), null);
    assertThat(rows.tokenize(reasoned)).hasSize(1);
    var both =
        new Example.Chat(7, List.of(user, answer("<think>b</think>c"), user, answer("d")), null);
    var every = new DataOptions(false, null, false, false);
    assertThat(new RowTokenizer(tokenizer, () -> template, every, Truncation.NONE).tokenize(both))
        .as("every token trains, as it is written")
        .hasSize(1);
    var completion =
        new Example.ChatPromptCompletion(
            7, both.messages().subList(0, 1), both.messages().subList(1, 4), null);
    assertThatExceptionOfType(RowTokenizer.RowRejected.class)
        .isThrownBy(() -> rows.tokenize(completion))
        .withMessageContaining("write the row as messages");
  }

  private static Map<String, Object> answer(String content) {
    return Map.of("role", "assistant", "content", content);
  }

  /**
   * @param mark the template's begin of what the assistant says, if it has one
   */
  private ChatTemplate leavesOutReasoning(String mark) {
    String end = mark.isEmpty() ? "" : "{% endgeneration %}";
    String template =
        "{% set ns = namespace(last=messages|length - 1, other=-1) %}{% for m in messages %}{% if"
            + " m.role == 'user' %}{% set ns.last = loop.index0 %}{% endif %}{% endfor %}{% for m"
            + " in messages %}<|im_start|>{{ m.role }}\n"
            + "{% if m.role == 'assistant' %}"
            + mark
            + "{% if loop.index0 < ns.last %}{{ m.content.split('</think>')[-1].lstrip('\n') }}"
            + "{% else %}{{ m.content }}{% endif %}<|im_end|>"
            + end
            + "\n{% else %}{{ m.content }}<|im_end|>\n{% endif %}{% endfor %}"
            + "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}";
    return new ChatTemplate(template, null, "<|im_end|>", Tokenizer.PINNED_DATE);
  }

  private static Example.ChatPromptCompletion answered(
      List<Map<String, Object>> prompt, String answer) {
    return new Example.ChatPromptCompletion(
        7, prompt, List.of(Map.of("role", "assistant", "content", answer)), null);
  }

  private static int[] last(TokenizedRow row, int count) {
    return Arrays.copyOfRange(row.ids(), row.ids().length - count, row.ids().length);
  }

  private void refused(Example row, DataOptions options, Truncation truncation, String words) {
    assertThatExceptionOfType(RowTokenizer.RowRejected.class)
        .isThrownBy(() -> rows(options, truncation).tokenize(row))
        .withMessageContaining(words)
        .returns(7L, RowTokenizer.RowRejected::line);
  }

  private RowTokenizer rows(DataOptions options, Truncation truncation) {
    return new RowTokenizer(tokenizer, options, truncation);
  }
}
