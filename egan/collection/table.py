"""The table of papers: where each one's class is, what it is called, and what it runs on."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Entry:
    """A paper's line in the table.

    Attributes:
        target: Where its class is, as module:class; of a paper that is a folder, in its `model`.
        paper: Its title and arXiv number.
        family: What kind of model it is; an "adversarial" one is a game.
        task: The small task that it runs on if nothing is said.
        critic: What the discriminator gives where that is no logit. Its sigmoid is no probability
            then, which the mutations and E-GAN's fitness take it for.
    """

    target: str
    paper: str
    family: str
    task: str
    critic: str = ""

    @property
    def evolves(self) -> bool:
        """Whether its generator can be evolved: against a discriminator that gives logits."""
        return self.family == "adversarial" and not self.critic


MODELS: dict[str, Entry] = {
    "egan": Entry(
        "egan.collection.egan.model:Egan",
        paper="Evolutionary generative adversarial networks, 1803.00657",
        family="adversarial",
        task="digits",
    ),
    "gan": Entry(
        "egan.collection.gan:Gan",
        paper="Generative adversarial nets, 1406.2661",
        family="adversarial",
        task="digits",
    ),
    "dcgan": Entry(
        "egan.collection.dcgan:Dcgan",
        paper="Unsupervised representation learning with deep convolutional GANs, 1511.06434",
        family="adversarial",
        task="digits",
    ),
    "cgan": Entry(
        "egan.collection.cgan.model:Cgan",
        paper="Conditional generative adversarial nets, 1411.1784",
        family="adversarial",
        task="digits",
    ),
    "lsgan": Entry(
        "egan.collection.lsgan:Lsgan",
        paper="Least squares generative adversarial networks, 1611.04076",
        family="adversarial",
        task="digits",
        critic="a regression on two codes",
    ),
    "wgan": Entry(
        "egan.collection.wgan.model:Wgan",
        paper="Wasserstein GAN, 1701.07875, and Improved training of it, 1704.00028",
        family="adversarial",
        task="digits",
        critic="a score without a zero",
    ),
    "vae": Entry(
        "egan.collection.vae.model:Vae",
        paper="Auto-encoding variational Bayes, 1312.6114",
        family="variational",
        task="digits",
    ),
    "capsnet": Entry(
        "egan.collection.capsnet.model:CapsNet",
        paper="Dynamic routing between capsules, 1710.09829",
        family="recognition",
        task="digits",
    ),
    "introvae": Entry(
        "egan.collection.introvae.model:IntroVae",
        paper="IntroVAE, 1807.06358",
        family="variational",
        task="digits",
    ),
    "infogan": Entry(
        "egan.collection.infogan.model:Infogan",
        paper="InfoGAN, 1606.03657",
        family="adversarial",
        task="digits",
    ),
    "improved_gan": Entry(
        "egan.collection.improved_gan.model:ImprovedGan",
        paper="Improved techniques for training GANs, 1606.03498",
        family="adversarial",
        task="digits",
    ),
    "fgan": Entry(
        "egan.collection.fgan.model:Fgan",
        paper="f-GAN, 1606.00709",
        family="adversarial",
        task="digits",
    ),
    "biggan": Entry(
        "egan.collection.biggan.model:BigGan",
        paper="Large scale GAN training for high fidelity natural image synthesis, 1809.11096",
        family="adversarial",
        task="digits",
    ),
    "began": Entry(
        "egan.collection.began.model:Began",
        paper="BEGAN: boundary equilibrium generative adversarial networks, 1703.10717",
        family="adversarial",
        task="digits",
        critic="an autoencoder's error",
    ),
    "acgan": Entry(
        "egan.collection.acgan.model:Acgan",
        paper="Conditional image synthesis with auxiliary classifier GANs, 1610.09585",
        family="adversarial",
        task="mnist5k",
    ),
    "ppgn": Entry(
        "egan.collection.ppgn.model:Ppgn",
        paper="Plug & play generative networks, 1612.00005",
        family="adversarial",
        task="mnist5k",
    ),
    "sagan": Entry(
        "egan.collection.sagan.model:Sagan",
        paper="Self-attention generative adversarial networks, 1805.08318",
        family="adversarial",
        task="mnist5k",
    ),
    "stylegan": Entry(
        "egan.collection.stylegan.model:StyleGan",
        paper="A style-based generator architecture for GANs, 1812.04948",
        family="adversarial",
        task="shapes",
    ),
    "pggan": Entry(
        "egan.collection.pggan.model:Pggan",
        paper="Progressive growing of GANs, 1710.10196",
        family="adversarial",
        task="openmoji",
        critic="a score without a zero",
    ),
    "lapgan": Entry(
        "egan.collection.lapgan.model:Lapgan",
        paper="Deep generative image models using a Laplacian pyramid of adversarial networks, "
        "1506.05751",
        family="adversarial",
        task="openmoji",
    ),
    "pix2pix": Entry(
        "egan.collection.pix2pix.model:Pix2Pix",
        paper="Image-to-image translation with conditional adversarial networks, 1611.07004",
        family="adversarial",
        task="openmoji_lines",
    ),
    "adversarial_segmentation": Entry(
        "egan.collection.adversarial_segmentation.model:AdversarialSegmentation",
        paper="Semantic segmentation using adversarial networks, 1611.08408",
        family="adversarial",
        task="crowds",
    ),
    "video_prediction": Entry(
        "egan.collection.video_prediction.model:VideoPrediction",
        paper="Deep multi-scale video prediction beyond mean square error, 1511.05440",
        family="adversarial",
        task="bouncing",
    ),
    "capg_gan": Entry(
        "egan.collection.capg_gan.model:CapgGan",
        paper="Pose-guided photorealistic face rotation, CVPR 2018",
        family="adversarial",
        task="heads",
    ),
    "tp_gan": Entry(
        "egan.collection.tp_gan.model:TpGan",
        paper="Beyond face rotation: global and local perception GAN, 1704.04086",
        family="adversarial",
        task="heads",
    ),
    "hf_pim": Entry(
        "egan.collection.hf_pim.model:HfPim",
        paper="Learning a high fidelity pose invariant model, 1806.08472",
        family="adversarial",
        task="heads",
    ),
    "srgan": Entry(
        "egan.collection.srgan.model:Srgan",
        paper="Photo-realistic single image super-resolution using a GAN, 1609.04802",
        family="adversarial",
        task="openmoji",
    ),
    "age_cgan": Entry(
        "egan.collection.age_cgan.model:AgeCgan",
        paper="Face aging with conditional generative adversarial networks, 1702.01983",
        family="adversarial",
        task="aged_icons",
    ),
    "gan_int_cls": Entry(
        "egan.collection.gan_int_cls.model:GanIntCls",
        paper="Generative adversarial text to image synthesis, 1605.05396",
        family="adversarial",
        task="captioned_shapes",
    ),
    "stackgan": Entry(
        "egan.collection.stackgan.model:StackGan",
        paper="StackGAN: text to photo-realistic image synthesis, 1612.03242",
        family="adversarial",
        task="detailed_shapes",
    ),
    "simgan": Entry(
        "egan.collection.simgan.model:SimGan",
        paper="Learning from simulated and unsupervised images through adversarial training, "
        "1612.07828",
        family="adversarial",
        task="font_to_digits",
    ),
    "context_encoder": Entry(
        "egan.collection.context_encoder.model:ContextEncoder",
        paper="Context encoders: feature learning by inpainting, 1604.07379",
        family="adversarial",
        task="mnist5k",
    ),
    "rla": Entry(
        "egan.collection.rla.model:Rla",
        paper="Robust LSTM-autoencoders for face de-occlusion in the wild, 1612.08534",
        family="adversarial",
        task="mnist5k",
    ),
    "gp_gan": Entry(
        "egan.collection.gp_gan.model:GpGan",
        paper="GP-GAN: towards realistic high-resolution image blending, 1703.07195",
        family="adversarial",
        task="openmoji",
        critic="a score without a zero",
    ),
    "cyclegan": Entry(
        "egan.collection.cyclegan.model:CycleGan",
        paper="Unpaired image-to-image translation by cycle-consistent networks, 1703.10593",
        family="adversarial",
        task="openmoji_lines",
        critic="a regression on two codes",
    ),
    "autoencoder": Entry(
        "egan.collection.autoencoder:Autoencoder",
        paper="Reducing the dimensionality of data with neural networks, Science 313, 2006",
        family="autoencoding",
        task="digits",
    ),
    "rbm": Entry(
        "egan.collection.rbm.model:Rbm",
        paper="Training products of experts by minimizing contrastive divergence, 2002; deep "
        "Boltzmann machines, AISTATS 2009",
        family="energy",
        task="digits",
    ),
    "pixelcnn": Entry(
        "egan.collection.pixelcnn.model:PixelCnn",
        paper="Pixel recurrent neural networks, 1601.06759, and Conditional image generation with "
        "PixelCNN decoders, 1606.05328",
        family="autoregressive",
        task="digits",
    ),
    "transforming_autoencoder": Entry(
        "egan.collection.transforming_autoencoder:TransformingAutoencoder",
        paper="Transforming auto-encoders, ICANN 2011",
        family="autoencoding",
        task="digits, moved",
    ),
    "dann": Entry(
        "egan.collection.dann:Dann",
        paper="Domain-adversarial training of neural networks, 1505.07818",
        family="recognition",
        task="digits_to_mnist",
    ),
    "seqgan": Entry(
        "egan.collection.seqgan.model:SeqGan",
        paper="SeqGAN: sequence generative adversarial nets with policy gradient, 1609.05473",
        family="policy gradient",
        task="oracle_language",
    ),
    "c_rnn_gan": Entry(
        "egan.collection.c_rnn_gan:CRnnGan",
        paper="C-RNN-GAN: continuous recurrent neural networks with adversarial training, "
        "1611.09904",
        family="adversarial",
        task="folk_tunes",
    ),
    "mad_gan": Entry(
        "egan.collection.mad_gan.model:MadGan",
        paper="Multi-agent diverse generative adversarial networks, 1704.02906",
        family="adversarial",
        task="gaussians25",
    ),
    "mpm_gan": Entry(
        "egan.collection.mpm_gan.model:MpmGan",
        paper="Message passing multi-agent GANs, 1612.01294",
        family="adversarial",
        task="gaussians25",
    ),
    "gman": Entry(
        "egan.collection.gman.model:Gman",
        paper="Generative multi-adversarial networks, 1611.01673",
        family="adversarial",
        task="digits",
    ),
    "gail": Entry(
        "egan.collection.gail:Gail",
        paper="Generative adversarial imitation learning, 1606.03476",
        family="imitation",
        task="cartpole",
    ),
    "gan_irl": Entry(
        "egan.collection.gan_irl:GanIrl",
        paper="A connection between GANs, inverse reinforcement learning, and energy-based "
        "models, 1611.03852",
        family="imitation",
        task="gridworld",
    ),
    "dissection": Entry(
        "egan.collection.dissection.model:Dissection",
        paper="GAN dissection: visualizing and understanding GANs, 1811.10597",
        family="analysis",
        task="scenes",
    ),
}
