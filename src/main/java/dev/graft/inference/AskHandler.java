package dev.graft.inference;

import dev.graft.model.Generator;
import java.nio.file.Path;
import java.util.Objects;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** Continues texts: answers one {@link GenerateAsk} after another on one loaded base model. */
final class AskHandler implements LoadedModel {
  private final ChatText text;
  private final Generator generator;
  private @Nullable String adapter;

  AskHandler(ChatText text, Generator generator) {
    this.text = text;
    this.generator = generator;
  }

  /**
   * @param cancelled asked after each token
   */
  @Override
  public Reply answer(Ask ask, Consumer<Reply.Piece> pieces, BooleanSupplier cancelled) {
    return switch (ask) {
      case GenerateAsk generate ->
          LoadedModel.reply(ask, () -> answer(generate, pieces, cancelled));
      case ClassifyAsk _ ->
          new Reply.Failed(ask.id(), "this process was started to continue texts");
    };
  }

  private Reply answer(GenerateAsk ask, Consumer<Reply.Piece> pieces, BooleanSupplier cancelled) {
    wear(ask.adapter());
    ChatText.Plain prompt = ids(ask.prompt());
    int bound = tokenBound(ask, prompt.ids().length);
    checkBias(ask);
    Integer top = ask.decoding().topLogprobs();
    Scorer scorer = top == null ? null : new Scorer(text, top);
    int made = 0;
    try (PrefilledPrompt read =
        PrefilledPrompt.of(generator, text, ask.prompt(), prompt, ask.decoding().echo(), scorer)) {
      for (int choice = 0;
          choice < ask.decoding().choices() && !cancelled.getAsBoolean();
          choice++) {
        made +=
            new ChoiceGenerator(ask, choice, text, scorer, pieces).speak(read, bound, cancelled);
      }
    }
    return new Reply.Done(ask.id(), prompt.ids().length, made);
  }

  @Override
  public void close() {
    generator.close();
  }

  private ChatText.Plain ids(Prompt prompt) {
    ChatText.Plain plain =
        switch (prompt) {
          case Prompt.Conversation turns -> new ChatText.Plain(text.conversation(turns.turns()), 0);
          case Prompt.PlainText plainText -> text.plain(plainText.text());
          case Prompt.Answered answered -> text.answered(answered);
          case Prompt.TokenIds tokens ->
              new ChatText.Plain(tokens.ids().stream().mapToInt(Integer::intValue).toArray(), 0);
        };
    if (plain.ids().length == 0) {
      throw new PromptRefused(
          Reply.Cause.INVALID_PROMPT,
          prompt.param(),
          "The prompt is empty, and this model has no token that a text begins with.");
    }
    for (int id : plain.ids()) checkId(id, prompt.param());
    return plain;
  }

  private void wear(@Nullable String wanted) {
    if (Objects.equals(adapter, wanted)) return;
    // After a failure in between, nothing is known about what the base wears.
    adapter = "?";
    generator.adapter(wanted == null ? null : Path.of(wanted));
    adapter = wanted;
  }

  private int tokenBound(GenerateAsk ask, int promptTokens) {
    int context = generator.context();
    int room = context - promptTokens;
    String param = ask.prompt().param();
    Integer asked = ask.decoding().maxTokens();
    if (room < (asked == null ? 1 : asked)) {
      String requested =
          asked == null
              ? "there are %d in the %s".formatted(promptTokens, param)
              : "you requested %d tokens (%d in the %s, %d in the completion)"
                  .formatted((long) promptTokens + asked, promptTokens, param, asked);
      throw new PromptRefused(
          Reply.Cause.CONTEXT_LENGTH_EXCEEDED,
          param,
          "This model's maximum context length is %d tokens, but %s. Shorten the %s or the completion."
              .formatted(context, requested, param));
    }
    return asked != null ? asked : Math.min(room, ask.defaultMaxTokens());
  }

  private void checkBias(GenerateAsk ask) {
    for (int id : ask.decoding().sampling().logitBias().keySet()) checkId(id, "logit_bias");
  }

  private void checkId(int id, String param) {
    if (id >= 0 && id < generator.vocabulary()) return;
    throw new PromptRefused(
        Reply.Cause.INVALID_VALUE,
        param,
        "'%s' names token %d, but this model has tokens 0 to %d."
            .formatted(param, id, generator.vocabulary() - 1));
  }
}
