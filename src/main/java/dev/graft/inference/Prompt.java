package dev.graft.inference;

import com.fasterxml.jackson.annotation.JsonSubTypes;
import com.fasterxml.jackson.annotation.JsonTypeInfo;
import java.util.List;

/** A prompt that a model continues. */
@JsonTypeInfo(use = JsonTypeInfo.Id.NAME, property = "type")
@JsonSubTypes({
  @JsonSubTypes.Type(value = Prompt.Conversation.class, name = "conversation"),
  @JsonSubTypes.Type(value = Prompt.PlainText.class, name = "text"),
  @JsonSubTypes.Type(value = Prompt.TokenIds.class, name = "tokens"),
  @JsonSubTypes.Type(value = Prompt.Answered.class, name = "answered")
})
sealed interface Prompt {
  /** Turns, which the model's chat template renders. */
  record Conversation(List<Turn> turns) implements Prompt {
    public Conversation {
      turns = List.copyOf(turns);
    }
  }

  /** A plain text, in which special tokens are recognised. */
  record PlainText(String text) implements Prompt {}

  /** Ids of the model's tokenizer. */
  record TokenIds(List<Integer> ids) implements Prompt {
    public TokenIds {
      ids = List.copyOf(ids);
    }
  }

  /**
   * A prompt with a known answer. The echo is the answer with the end of its turn, as in training.
   */
  record Answered(Prompt before, String answer) implements Prompt {}

  /** The role is {@code system}, {@code user} or {@code assistant}. */
  record Turn(String role, String content) {}

  /** Returns the request field of the prompt. */
  default String param() {
    return switch (this) {
      case Conversation turns -> "messages";
      case PlainText text -> "prompt";
      case TokenIds ids -> "prompt";
      case Answered answered -> answered.before().param();
    };
  }
}
