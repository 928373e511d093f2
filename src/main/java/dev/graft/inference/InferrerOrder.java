package dev.graft.inference;

import com.fasterxml.jackson.annotation.JsonSubTypes;
import com.fasterxml.jackson.annotation.JsonTypeInfo;

/** One line from the server to the inferrer. */
@JsonTypeInfo(use = JsonTypeInfo.Id.NAME, property = "order")
@JsonSubTypes({
  @JsonSubTypes.Type(value = GenerateAsk.class, name = "ask"),
  @JsonSubTypes.Type(value = ClassifyAsk.class, name = "classify"),
  @JsonSubTypes.Type(value = InferrerOrder.Cancel.class, name = "cancel")
})
sealed interface InferrerOrder permits Ask, InferrerOrder.Cancel {
  /** Nobody waits for the answer any more: end it. The last reply to the ask still comes. */
  record Cancel(long id) implements InferrerOrder {}
}
