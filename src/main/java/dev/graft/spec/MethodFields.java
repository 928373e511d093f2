package dev.graft.spec;

import dev.graft.spec.AdapterMethod.Lora;
import dev.graft.spec.AdapterMethod.TargetModules;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** The method that a request asks for, with OpenAI's aliases. */
final class MethodFields {
  public static final Lora DEFAULT = new Lora(16, 32, 0, new TargetModules.AllLinear());

  private MethodFields() {}

  public static AdapterMethod read(Fields adapter, HyperparameterAliases aliases) {
    Fields peft = adapter.object("peft");
    Fields method = adapter.object("method");
    if (!method.present()) return AdapterMethods.peft(peft, aliases, DEFAULT);
    if (peft.present()) adapter.refuse("method", "contradicts peft: give one of the two");
    if (aliases.loraSettings()) {
      adapter.refuse("method", "has no LoRA settings, but lora_* was given");
    }
    return AdapterMethods.method(method);
  }

  /** The explicit value, else the alias, else the default; two that differ are refused. */
  public static <T> T agree(
      Fields fields,
      String key,
      @Nullable T explicit,
      @Nullable T alias,
      String aliasKey,
      T byDefault) {
    if (explicit != null && alias != null && !Objects.equals(explicit, alias)) {
      fields.refuse(key, "is " + explicit + ", but hyperparameters say " + aliasKey + " " + alias);
    }
    return explicit != null ? explicit : alias != null ? alias : byDefault;
  }
}
