package dev.graft.openai;

/** placeholder until the platform is there */
abstract class StartedGraft {
  String url() {
    return "";
  }

  String key() {
    return "";
  }

  String otherKey() {
    return "";
  }
}
