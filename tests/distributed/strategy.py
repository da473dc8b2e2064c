"""`fit` under a MirroredStrategy with two replicas, on TensorFlow; run it in a process of its own."""


def main():
    """Print the error."""
    import tensorflow as tf

    devices = [tf.config.LogicalDeviceConfiguration()] * 2
    tf.config.set_logical_device_configuration(tf.config.list_physical_devices("CPU")[0], devices)
    import tinylm_keras as tlm
    from tests.distributed import LETTERS, TEXTS

    tokenizer = tlm.CharacterTokenizer(vocabulary=list(LETTERS))
    with tf.distribute.MirroredStrategy(["CPU:0", "CPU:1"]).scope():
        model = tlm.MiniLM(tokenizer=tokenizer, context_length=8, embed_dim=8, num_heads=1, num_blocks=1)
        model.compile(jit_compile=False)
    try:
        model.fit(tlm.data.lines(TEXTS, tokenizer, context_length=8, batch_size=4))
    except ValueError as error:
        print(error)
