package dev.graft.inference;

import com.fasterxml.jackson.annotation.JsonSubTypes;
import org.jspecify.annotations.Nullable;

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
