package dev.graft.spec;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.graft.spec.AdapterMethod.Full;
import dev.graft.spec.AdapterMethod.TargetModules;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

class AdapterSpecsTests {
  private static final JsonMapper JSON = new JsonMapper();

  @Test
  void emptyRequestGetsTheDefaults() {
    TrainingSpec spec = TrainingSpec.resolve(null, null, null, null);
    assertThat(spec.method()).isEqualTo(new Lora(16, 32, 0, new TargetModules.AllLinear()));
    assertThat(spec.training().schedule().learningRate()).isEqualTo(2e-4);
    assertThat(spec.training().rows().maxLength()).isEqualTo(1024);
    assertThat(spec.seed()).isEqualTo(42);
  }

  @Test
  void bothHyperparameterPlacesAreHeard() {
    TrainingSpec spec =
        resolve(
            "{'training': {'gradient_accumulation_steps': 1}}",
            "{'type':'supervised','supervised':{'hyperparameters':"
                + "{'n_epochs':2,'batch_size':16,'lora_r':4,'learning_rate_multiplier':'auto'}}}",
            "{'lora_trainable_modules':'q_proj, v_proj','lora_alpha':4}");
    assertThat(spec.method())
        .isEqualTo(new Lora(4, 4, 0, new TargetModules.Names(List.of("q_proj", "v_proj"))));
    assertThat(spec.training().schedule().numTrainEpochs()).isEqualTo(2);
    assertThat(spec.training().batching().perDeviceTrainBatchSize()).isEqualTo(16);
  }

  @Test
  void batchSizeAloneIsSplitIntoMicroBatches() {
    Hyperparameters training = resolve("{}", null, "{'batch_size':24}").training();
    assertThat(training.batching().perDeviceTrainBatchSize()).isEqualTo(8);
    assertThat(training.batching().gradientAccumulationSteps()).isEqualTo(3);
  }

  @Test
  void multiplierScalesTheDefaultRateOfTheMethod() {
    TrainingSpec spec =
        resolve("{'method':{'type':'full'}}", null, "{'learning_rate_multiplier':3}");
    assertThat(spec.method()).isEqualTo(new Full());
    assertThat(spec.training().schedule().learningRate()).isEqualTo(3 * 1e-5);
  }

  @Test
  void explicitNullLengthIsTheContextOfTheModel() {
    assertThat(
            resolve("{'training':{'max_length':null}}", null, null).training().rows().maxLength())
        .isNull();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "{}",
        "{'method':{'type':'full'},'objective':'pretraining','training':{'max_length':null}}",
        "{'peft':{'r':3,'lora_alpha':7,'target_modules':['q_proj','layers.1.mlp.up_proj'],"
            + "'init_lora_weights':false},'training':{'lr_scheduler_type':'cosine',"
            + "'warmup_ratio':0.03,'max_steps':9,'train_sampling_strategy':'group_by_length'},"
            + "'data':{'assistant_only_loss':false}}",
        "{'training':{'packing':true,'packing_strategy':'bfd_split','pad_to_multiple_of':8,"
            + "'truncation_mode':'keep_end'},'data':{'completion_only_loss':true,"
            + "'allow_special_tokens':true}}",
        "{'training':{'truncation_mode':'split_budget'},'data':{'mask_history':true}}",
        "{'peft':{'target_modules':'.*\\\\.(q|v)_proj','exclude_modules':['layers.0.q_proj'],"
            + "'rank_pattern':{'q_proj':2},'alpha_pattern':{'layers\\\\.1\\\\..*':3.5},"
            + "'use_rslora':true,'init_lora_weights':'gaussian'}}",
        "{'peft':{'target_modules':null,'layers_to_transform':[1,3],'layers_pattern':['layers']}}",
        "{'peft':{'trainable_token_indices':[7,3]}}",
        "{'peft':{'trainable_token_indices':{'embed_tokens':[7,3],'lm_head':[1]}}}",
        "{'peft':{'lora_bias':true,'bias':'lora_only','init_lora_weights':false},"
            + "'training':{'loraplus_lr_ratio':16,'loraplus_lr_embedding':1e-5}}",
        "{'peft':{'init_lora_weights':'loftq','loftq_config':{'loftq_bits':8,'loftq_iter':5}}}",
        "{'method':{'type':'freeze','trainable_layers':3}}",
        "{'method':{'type':'freeze','trainable_prefixes':['model.norm.','lm_head.']}}",
        "{'quantization':{'load_in_4bit':true}}",
        "{'quantization':{'load_in_4bit':true,'bnb_4bit_quant_type':'fp4',"
            + "'bnb_4bit_use_double_quant':true,'bnb_4bit_compute_dtype':'float32'}}",
        "{'quantization':{'load_in_4bit':true,'bnb_4bit_compute_dtype':'bfloat16'},"
            + "'training':{'bf16':true}}",
        "{'quantization':{'load_in_4bit':true,'bnb_4bit_compute_dtype':'float16'},"
            + "'training':{'fp16':true}}",
        "{'training':{'bf16':true,'autocast':true}}",
        "{'quantization':{'load_in_8bit':true}}"
      })
  void theEchoResolvesToTheSameSpec(String adapter) {
    TrainingSpec spec = resolve(adapter, null, null);
    assertThat(TrainingSpec.resolve(TrainingSpec.toJson(spec), null, null, null)).isEqualTo(spec);
  }

  @Test
  void aFileThatPeftSavedIsRead() {
    AdapterMethod method =
        AdapterMethods.fromPeft(
            Objects.requireNonNull(
                json(
                    "{'peft_type':'LORA','r':4,'lora_alpha':3,'target_modules':['v_proj','q_proj'],"
                        + "'auto_mapping':null,'base_model_name_or_path':'x','bias':'none',"
                        + "'inference_mode':true,'peft_version':'0.21.2','task_type':'SEQ_CLS',"
                        + "'revision':null,'fan_in_fan_out':true,'megatron_core':'megatron.core',"
                        + "'loftq_config':{},'qalora_group_size':16,'layers_pattern':null}")));
    assertThat(method)
        .isEqualTo(new Lora(4, 3, 0, new TargetModules.Names(List.of("v_proj", "q_proj"))));
    assertThat(AdapterMethods.fromPeft(Objects.requireNonNull(json("{'peft_type':'LORA'}"))))
        .isEqualTo(new Lora(8, 8, 0, new TargetModules.FamilyDefault()));
  }

  @Test
  void neutralValuesOfWhatIsNotBuiltPass() {
    resolve(
        "{'peft':{'use_rslora':false,'use_dora':false,'bias':'none','modules_to_save':null,"
            + "'rank_pattern':{},'lora_dropout':0.0},'quantization':{'load_in_4bit':false},"
            + "'training':{'packing':false,'bf16':false,'fp16':false,'early_stopping_patience':null}}",
        null,
        null);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "{'peft':{'r':0}} | adapter.peft.r",
        "{'peft':{'r':1.5}} | adapter.peft.r",
        "{'peft':{'r':'16'}} | adapter.peft.r",
        "{'peft':{'rank':16}} | adapter.peft.rank",
        "{'peft':{'use_rslora':1}} | adapter.peft.use_rslora",
        "{'peft':{'use_qalora':true}} | adapter.peft.use_qalora",
        "{'peft':{'init_lora_weights':'corda'}} | adapter.peft.init_lora_weights",
        "{'peft':{'eva_config':{'rho':2}}} | adapter.peft.eva_config",
        "{'peft':{'init_lora_weights':'eva','eva_config':{'rho':0.5}}} |"
            + " adapter.peft.eva_config.rho",
        "{'peft':{'init_lora_weights':'eva','eva_config':{'tau':1.01}}} |"
            + " adapter.peft.eva_config.tau",
        "{'peft':{'init_lora_weights':'eva','eva_config':{'whiten':1}}} |"
            + " adapter.peft.eva_config.whiten",
        "{'peft':{'init_lora_weights':'eva','eva_config':{'use_label_mask':'no'}}} |"
            + " adapter.peft.eva_config.use_label_mask",
        "{'peft':{'init_lora_weights':'eva','eva_config':{'label_mask_value':0.5}}} |"
            + " adapter.peft.eva_config.label_mask_value",
        "{'peft':{'init_lora_weights':'eva','eva_config':{'adjust_scaling_factors':[]}}} |"
            + " adapter.peft.eva_config.adjust_scaling_factors",
        "{'peft':{'init_lora_weights':'eva','eva_config':{'dataset':'x'}}} |"
            + " adapter.peft.eva_config.dataset",
        "{'peft':{'init_lora_weights':'eva','eva_config':'default'}} | adapter.peft.eva_config",
        "{'peft':{'init_lora_weights':'eva','lora_bias':true}} | adapter.peft.lora_bias",
        "{'peft':{'init_lora_weights':'eva','r':600}} | adapter.peft.eva_config.rho",
        "{'peft':{'loftq_config':{'loftq_bits':4}}} | adapter.peft.loftq_config",
        "{'peft':{'init_lora_weights':'loftq','loftq_config':{'loftq_bits':2}}} |"
            + " adapter.peft.loftq_config.loftq_bits",
        "{'peft':{'init_lora_weights':'loftq','loftq_config':{'loftq_iter':0}}} |"
            + " adapter.peft.loftq_config.loftq_iter",
        "{'peft':{'init_lora_weights':'loftq','loftq_config':{'iter':1}}} |"
            + " adapter.peft.loftq_config.iter",
        "{'peft':{'init_lora_weights':'loftq'},'quantization':{'load_in_4bit':true}} |"
            + " adapter.quantization",
        "{'peft':{'rank_pattern':{'q_proj':0}}} | adapter.peft.rank_pattern.q_proj",
        "{'peft':{'rank_pattern':{'(?P<a>q)':2}}} | adapter.peft.rank_pattern.(?P<a>q)",
        "{'peft':{'exclude_modules':'all-linear'}} | adapter.peft.exclude_modules",
        "{'peft':{'layers_to_transform':1}} | adapter.peft.layers_to_transform",
        "{'peft':{'layers_to_transform':[-1],'target_modules':['a']}} |"
            + " adapter.peft.layers_to_transform",
        "{'peft':{'layers_pattern':'h'}} | adapter.peft.layers_pattern",
        "{'peft':{'target_modules':'(q'}} | adapter.peft.target_modules",
        "{'peft':{'target_modules':'a\\\\Z'}} | adapter.peft.target_modules",
        "{'peft':{'peft_type':'LOHA'}} | adapter.peft.peft_type",
        "{'peft':{'lora_dropout':1}} | adapter.peft.lora_dropout",
        "{'peft':{'target_modules':[]}} | adapter.peft.target_modules",
        "{'peft':{},'method':{'type':'full'}} | adapter.method",
        "{'method':{'type':'frozen'}} | adapter.method.type",
        "{'method':{'type':'freeze','trainable_layers':0}} | adapter.method.trainable_layers",
        "{'method':{'type':'freeze','trainable_layers':1,'trainable_prefixes':['lm_head.']}} |"
            + " adapter.method.trainable_prefixes",
        "{'method':{'type':'freeze','layers':1}} | adapter.method.layers",
        "{'quantization':{'load_in_4bit':1}} | adapter.quantization.load_in_4bit",
        "{'quantization':{'load_in_4bit':true,'load_in_8bit':true}} |"
            + " adapter.quantization.load_in_8bit",
        "{'quantization':{'load_in_4bit':true,'bnb_4bit_quant_type':'int4'}} |"
            + " adapter.quantization.bnb_4bit_quant_type",
        "{'quantization':{'load_in_8bit':true,'bnb_4bit_quant_type':'nf4'}} |"
            + " adapter.quantization.bnb_4bit_quant_type",
        "{'quantization':{'bnb_4bit_use_double_quant':true}} |"
            + " adapter.quantization.bnb_4bit_use_double_quant",
        "{'quantization':{'load_in_4bit':true,'bnb_4bit_compute_dtype':'float16'}} |"
            + " adapter.quantization.bnb_4bit_compute_dtype",
        "{'quantization':{'load_in_8bit':true,'llm_int8_threshold':0}} |"
            + " adapter.quantization.llm_int8_threshold",
        "{'training':{'learning_rate':-1}} | adapter.training.learning_rate",
        "{'training':{'learning_rate':1e999}} | adapter.training.learning_rate",
        "{'training':{'fp16':true,'bf16':true}} | adapter.training.fp16",
        "{'training':{'autocast':true}} | adapter.training.autocast",
        "{'peft':{'peft_type':'IA3'},'training':{'bf16':true,'autocast':true}} |"
            + " adapter.training.autocast",
        "{'quantization':{'load_in_4bit':true,'bnb_4bit_compute_dtype':'bfloat16'}} |"
            + " adapter.quantization.bnb_4bit_compute_dtype",
        "{'training':{'packing':1}} | adapter.training.packing",
        "{'training':{'packing':true,'packing_strategy':'ffd'}} |"
            + " adapter.training.packing_strategy",
        "{'training':{'truncation_mode':'middle'}} | adapter.training.truncation_mode",
        "{'training':{'pad_to_multiple_of':0}} | adapter.training.pad_to_multiple_of",
        "{'training':{'packing':true},'objective':'pretraining'} | adapter.training.packing",
        "{'data':{'assistant_only_loss':true},'objective':'pretraining'} | adapter.data",
        "{'data':{'mask_history':true,'completion_only_loss':false}} | adapter.data.mask_history",
        "{'training':{'lr_scheduler_type':'greedy'}} | adapter.training.lr_scheduler_type",
        "{'training':[]} | adapter.training",
        "{'data':{'x':1}} | adapter.data.x",
        "{'training':{'hidden_dropout_prob':0.1}} | adapter.training.hidden_dropout_prob",
        "{'training':{'neftune_noise_alpha':-1}} | adapter.training.neftune_noise_alpha",
        "{'objective':'ranking'} | adapter.objective",
        "{'config':'ac_1'} | adapter.config",
        "\"balanced\" | adapter",
        "7 | adapter",
      })
  void refusesAtItsPath(String adapter, String path) {
    SpecRejected rejected = rejected(adapter, null, null);
    assertThat(rejected.problems()).extracting(SpecRejected.Problem::path).containsExactly(path);
  }

  @Test
  void contradictionsAreRefused() {
    SpecRejected rejected =
        rejected(
            "{'peft':{'r':8},'training':{'learning_rate':1e-3,'num_train_epochs':1,"
                + "'per_device_train_batch_size':4,'gradient_accumulation_steps':2}}",
            null,
            "{'lora_r':16,'learning_rate_multiplier':1,'n_epochs':3,'batch_size':4}");
    assertThat(rejected.problems())
        .extracting(SpecRejected.Problem::path)
        .containsExactlyInAnyOrder(
            "adapter.peft.r",
            "adapter.training.per_device_train_batch_size",
            "adapter.training.learning_rate",
            "adapter.training.num_train_epochs");
  }

  @Test
  void hyperparametersAreRefusedAtTheirOwnPath() {
    SpecRejected rejected =
        rejected(
            null,
            "{'type':'supervised','supervised':{'hyperparameters':{'lora_r':0,'x':1}}}",
            "{'n_epochs':'many','lora_alpha':[]}");
    assertThat(rejected.problems())
        .extracting(SpecRejected.Problem::path)
        .containsExactlyInAnyOrder(
            "method.supervised.hyperparameters.lora_r",
            "method.supervised.hyperparameters.x",
            "hyperparameters.n_epochs",
            "hyperparameters.lora_alpha");
    assertThat(rejected(null, "{'type':'reinforcement'}", null).problems().getFirst().path())
        .isEqualTo("method.type");
  }

  private static SpecRejected rejected(
      @Nullable String adapter, @Nullable String method, @Nullable String hyperparameters) {
    return catchThrowableOfType(
        SpecRejected.class, () -> resolve(adapter, method, hyperparameters));
  }

  private static TrainingSpec resolve(
      @Nullable String adapter, @Nullable String method, @Nullable String hyperparameters) {
    return TrainingSpec.resolve(json(adapter), json(method), json(hyperparameters), null);
  }

  private static @Nullable JsonNode json(@Nullable String text) {
    return text == null ? null : JSON.readTree(text.replace('\'', '"'));
  }
}
