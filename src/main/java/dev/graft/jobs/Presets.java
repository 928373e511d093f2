package dev.graft.jobs;

import java.util.List;
import java.util.Optional;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

/** The adapter configurations that every department has. */
final class Presets {
  private static final JsonMapper JSON = JsonMapper.shared();

  static final List<AdapterConfigVersion> ALL =
      List.of(
          preset(
              "draft",
              "One epoch with a small LoRA: a few minutes, to check whether the data works.",
              """
              {"peft": {"peft_type": "LORA", "r": 8, "lora_alpha": 16, "target_modules": "all-linear"},
               "training": {"num_train_epochs": 1, "learning_rate": 2e-4, "lr_scheduler_type": "linear",
                            "warmup_ratio": 0.03}}
              """),
          preset(
              "balanced",
              "LoRA on every linear layer, three epochs: the place to start.",
              """
              {"peft": {"peft_type": "LORA", "r": 16, "lora_alpha": 32, "target_modules": "all-linear"},
               "training": {"num_train_epochs": 3, "learning_rate": 2e-4, "lr_scheduler_type": "cosine",
                            "warmup_ratio": 0.03}}
              """),
          preset(
              "quality",
              "A larger rank-stabilised LoRA with dropout, five epochs.",
              """
              {"peft": {"peft_type": "LORA", "r": 64, "lora_alpha": 16, "lora_dropout": 0.05,
                        "use_rslora": true, "target_modules": "all-linear"},
               "training": {"num_train_epochs": 5, "learning_rate": 1e-4, "lr_scheduler_type": "cosine",
                            "warmup_ratio": 0.05}}
              """),
          preset(
              "edge",
              "The smallest adapter, which every loader supports: for devices with little memory.",
              """
              {"peft": {"peft_type": "LORA", "r": 4, "lora_alpha": 8, "target_modules": "all-linear"},
               "training": {"num_train_epochs": 3, "learning_rate": 3e-4, "lr_scheduler_type": "cosine",
                            "warmup_ratio": 0.03}}
              """));

  private Presets() {}

  static Optional<AdapterConfigVersion> named(String name) {
    return ALL.stream().filter(each -> each.name().equals(name)).findFirst();
  }

  private static AdapterConfigVersion preset(String name, String description, String adapter) {
    ObjectNode json = (ObjectNode) JSON.readTree(adapter);
    return AdapterConfigVersion.preset(name, description, json);
  }
}
