package dev.graft.inference;

import com.fasterxml.jackson.annotation.JsonSubTypes;
import com.fasterxml.jackson.annotation.JsonTypeInfo;
import java.util.List;

/** What a model is asked to continue. */
@JsonTypeInfo(use = JsonTypeInfo.Id.NAME, property = "type")
@JsonSubTypes({
  @JsonSubTypes.Type(value = Prompt.Conversation.class, name = "conversation"),
  @JsonSubTypes.Type(value = Prompt.PlainText.class, name = "text"),
  @JsonSubTypes.Type(value = Prompt.TokenIds.class, name = "tokens"),
  @JsonSubTypes.Type(value = Prompt.Answered.class, name = "answered")
})
sealed interface Prompt {
  /** Turns, which the model's chat template makes a text of. */
  record Conversation(List<Turn> turns) implements Prompt {
    public Conversation {
      turns = List.copyOf(turns);
    }
  }

  /** A text as it is; special tokens in it count as themselves. */
  record PlainText(String text) implements Prompt {}

  /** Ids of the model's tokenizer. */
  record TokenIds(List<Integer> ids) implements Prompt {
    public TokenIds {
      ids = List.copyOf(ids);
    }
  }

  /**
   * A conversation or a text with the answer that is known to it. All is read; what an ask echoes
   * is the answer with the end of its turn, as training has it.
   */
  record Answered(Prompt before, String answer) implements Prompt {}

  /** The role is {@code system}, {@code user} or {@code assistant}. */
  record Turn(String role, String content) {}

  /** The request field it came from. */
  default String param() {
    return switch (this) {
      case Conversation turns -> "messages";
      case PlainText text -> "prompt";
      case TokenIds ids -> "prompt";
      case Answered answered -> answered.before().param();
    };
  }
}
