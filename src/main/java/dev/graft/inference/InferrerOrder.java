package dev.graft.inference;

import com.fasterxml.jackson.annotation.JsonSubTypes;
import com.fasterxml.jackson.annotation.JsonTypeInfo;
import com.fasterxml.jackson.annotation.JsonUnwrapped;
import dev.graft.model.Sampling;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** One line from the server to the inferrer. */
@JsonTypeInfo(use = JsonTypeInfo.Id.NAME, property = "order")
@JsonSubTypes({
  @JsonSubTypes.Type(value = InferrerOrder.GenerateAsk.class, name = "ask"),
  @JsonSubTypes.Type(value = InferrerOrder.ClassifyAsk.class, name = "classify"),
  @JsonSubTypes.Type(value = InferrerOrder.Cancel.class, name = "cancel")
})
sealed interface InferrerOrder permits InferrerOrder.Ask, InferrerOrder.Cancel {
  /** Nobody waits for the answer any more: end it. The last reply to the ask still comes. */
  record Cancel(long id) implements InferrerOrder {}

  /** Something that a model is asked, as it is or with an adapter on it. */
  @JsonSubTypes({
    @JsonSubTypes.Type(value = GenerateAsk.class, name = "ask"),
    @JsonSubTypes.Type(value = ClassifyAsk.class, name = "classify")
  })
  sealed interface Ask extends InferrerOrder permits GenerateAsk, ClassifyAsk {
    /** Echoed in each {@link Reply}. */
    long id();

    /** Directory of the PEFT adapter to put on the base, or null for the base alone. */
    @Nullable String adapter();

    /** The same under another id. */
    Ask numbered(long other);

    /** The same with an adapter on the base. */
    Ask wearing(String directory);
  }

  /**
   * Answer this prompt: {@link Reply.Piece pieces}, then {@link Reply.Done}.
   *
   * @param defaultMaxTokens bound where the caller asked for none; cut to what the context leaves
   */
  record GenerateAsk(
      long id,
      @Nullable String adapter,
      Prompt prompt,
      int defaultMaxTokens,
      @JsonUnwrapped Decoding decoding)
      implements InferrerOrder.Ask {
    @Override
    public GenerateAsk numbered(long other) {
      return new GenerateAsk(other, adapter, prompt, defaultMaxTokens, decoding);
    }

    @Override
    public GenerateAsk wearing(String directory) {
      return new GenerateAsk(id, directory, prompt, defaultMaxTokens, decoding);
    }
  }

  /**
   * Label these texts: {@link Reply.Labels} at once.
   *
   * @param truncation whether a text that is too long is cut at its end, instead of refused
   * @param topK the most labels that are told of a text
   */
  record ClassifyAsk(
      long id, @Nullable String adapter, List<String> texts, boolean truncation, int topK)
      implements InferrerOrder.Ask {
    public ClassifyAsk {
      texts = List.copyOf(texts);
    }

    @Override
    public ClassifyAsk numbered(long other) {
      return new ClassifyAsk(other, adapter, texts, truncation, topK);
    }

    @Override
    public ClassifyAsk wearing(String directory) {
      return new ClassifyAsk(id, directory, texts, truncation, topK);
    }
  }

  /**
   * How answers are made, of chats and completions alike.
   *
   * @param echo each choice begins with the prompt's own text
   * @param maxTokens bound on new tokens of a choice, or null for the default
   * @param choices how many answers, one after the other
   * @param stop strings that end an answer; they are not part of it
   * @param topLogprobs how many candidates each token's score names, or null for no scores
   */
  record Decoding(
      boolean echo,
      @Nullable Integer maxTokens,
      int choices,
      Sampling sampling,
      List<String> stop,
      @Nullable Integer topLogprobs) {
    public Decoding {
      stop = List.copyOf(stop);
    }
  }
}
