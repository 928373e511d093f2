package dev.graft.inference.child;

import com.fasterxml.jackson.annotation.JsonSubTypes;
import com.fasterxml.jackson.annotation.JsonTypeInfo;

/** One line from the server to the inferrer. */
@JsonTypeInfo(use = JsonTypeInfo.Id.NAME, property = "order")
@JsonSubTypes({
  @JsonSubTypes.Type(value = Ask.class, name = "ask"),
  @JsonSubTypes.Type(value = Order.Cancel.class, name = "cancel")
})
public sealed interface Order permits Ask, Order.Cancel {
  /** Nobody waits for the answer any more: end it. The last reply to the ask still comes. */
  record Cancel(long id) implements Order {}
}
