"""The command lines that `golden.py` records: of every preset, model, search and mistake."""

from __future__ import annotations

OUTPUT = "--output {output}"
INLINE = "--executor inline"
RAY_ON = "--executor ray --workers {workers}"
DRY_RUN = "--dry-run"

NARROW = "--width 8 --discriminator-width 8"
FEW = "--batch-size 16 --evolution.num-samples 16"
LONG = "--generations 30 --look-every 10"
SHORT = "--generations 12 --look-every 6"
IMAGES = f"{NARROW} {FEW} --generations 6 --look-every 3"
VARIANT = f"gaussians8 {NARROW} {FEW} {SHORT}"

EGAN = {
    "digits": f"digits {LONG}",
    "gaussians25": f"gaussians25 {LONG}",
    "gaussians8": f"gaussians8 {LONG}",
    "swiss_roll": f"swiss_roll {LONG}",
    "folder": f"folder --data.path {{data}}/folder --data.image-size 16 {IMAGES}",
    "cifar10": f"cifar10 --data.path {{data}}/cifar10 {IMAGES}",
    "mnist": f"mnist --data.path {{data}}/mnist {IMAGES}",
    "npz": f"npz --data.path {{data}}/images.npz {IMAGES}",
    "paper": f"paper --data.path {{data}}/cifar10 {IMAGES}",
}
VARIANTS = {
    "one seed more": f"{VARIANT} --seed 1",
    "two survivors": f"{VARIANT} --evolution.num-survivors 2",
    "contests": f"{VARIANT} --evolution.contest-every 4",
    "bandit": f"{VARIANT} --evolution.contest-every 4 --evolution.bandit",
    "reused gradient": f"{VARIANT} --evolution.reuse-gradient --discriminator-steps 2",
    "plus": f"{VARIANT} --evolution.selection plus",
    "pareto": f"{VARIANT} --evolution.selection pareto --evolution.num-survivors 2",
    "pairwise": f"{VARIANT} --evolution.diversity pairwise",
    "unscored": f"{VARIANT} --evolution.diversity none --evolve heuristic",
    "random mutation": f"{VARIANT} --evolution.random-mutation",
    "fresh codes": f"{VARIANT} --evolution.fresh-codes",
    "vectorized": f"{VARIANT} --arithmetic.vectorize",
    "bfloat16": f"{VARIANT} --arithmetic.precision bfloat16",
    "hinge": f"{VARIANT} --evolve hinge,wasserstein,minimax",
    "relativistic": f"{VARIANT} --evolve relativistic_logistic,relativistic_hinge,"
    "relativistic_least_squares",
    "gradient penalty": f"{VARIANT} --gradient-penalty-weight 2",
    "norms": f"{VARIANT} --generator-norm batch --discriminator-norm spectral",
    "orthogonal": f"{VARIANT} --generator-init orthogonal --discriminator-init normal",
    "no average": f"{VARIANT} --ema-decay 0 --latent uniform",
    "a line": f"{VARIANT} --data.name bimodal",
    "channels last": f"mnist --data.path {{data}}/mnist {IMAGES} --arithmetic.channels-last",
    "resumed": f"{VARIANT} ; --resume {{run}} --generations 18",
}

ROUNDS = "--rounds 2 --interval 3"
EVOLVED = "--evolve minimax,heuristic,least_squares --generations 6 --look-every 3"
SEARCHED = "--search pbt --population 3 --rounds 3 --interval 2"
TWO_WIDTHS = "--width 4 --discriminator-width 4 --batch-size 8 --latent-dim 4"

TINY = {
    "gan": "gan --width 8 --discriminator-width 8 --batch-size 8 --latent-dim 4",
    "dcgan": f"dcgan {TWO_WIDTHS}",
    "cgan": f"cgan {TWO_WIDTHS}",
    "lsgan": f"lsgan {TWO_WIDTHS}",
    "wgan": f"wgan {TWO_WIDTHS}",
    "vae": "vae --width 4 --batch-size 8 --latent-dim 2",
    "capsnet": "capsnet --filters 4 --primary-channels 2 --class-dim 4 --hidden 8",
    "introvae": "introvae --width 4 --batch-size 8 --latent-dim 2",
    "infogan": "infogan --latent-dim 4 --width 4 --hidden 8 --guess-width 8 --batch-size 8",
    "improved_gan": "improved_gan --width 8 --discriminator-width 16 --batch-size 8 --latent-dim 4",
    "fgan": "fgan --width 8 --discriminator-width 8 --batch-size 8 --latent-dim 4",
    "biggan": "biggan --width 2 --latent-dim 6 --embedding-dim 3 --batch-size 8",
    "stylegan": "stylegan --width 2 --latent-dim 4 --style-dim 4 --batch-size 8",
    "dissection": "dissection --width 4 --subject-updates 1 --batch-size 4 --num-units 2",
}
NEVER_EVOLVED = ("lsgan", "wgan", "vae", "capsnet", "introvae", "dissection")
TUNED = ("cgan", "vae", "capsnet")
MODELS = {
    **{name: f"{words} {ROUNDS}" for name, words in TINY.items()},
    **{
        f"{name} evolved": f"{words} {EVOLVED}"
        for name, words in TINY.items()
        if name not in NEVER_EVOLVED
    },
    "cgan two survivors": f"{TINY['cgan']} {EVOLVED} --evolution.num-survivors 2",
    "cgan projection": f"{TINY['cgan']} {ROUNDS} --conditioning projection",
    "cgan batch norm": f"{TINY['cgan']} {ROUNDS} --conditioning cbn",
    "wgan clipped": f"{TINY['wgan']} {ROUNDS} --constraint clip",
    "gan of points": f"{TINY['gan']} {ROUNDS} --data.name gaussians8",
    "vae of points": f"{TINY['vae']} {ROUNDS} --data.name gaussians8 --likelihood gaussian "
    "--network mlp",
    "cgan of a folder": f"{TINY['cgan']} {ROUNDS} --data.name folder --data.path {{data}}/folder "
    "--data.image-size 16",
    "cgan resumed": f"{TINY['cgan']} {ROUNDS} ; --resume {{run}} --rounds 3",
    "cgan evolved and resumed": f"{TINY['cgan']} {EVOLVED} ; --resume {{run}} --generations 8",
}
SEARCHES = {
    "gaussians8 pbt": f"gaussians8 {NARROW} {FEW} {SEARCHED}",
    **{f"{name} pbt": f"{TINY[name]} {SEARCHED}" for name in TUNED},
    "vae pb2": f"{TINY['vae']} {SEARCHED} --search pb2",
    "vae random": f"{TINY['vae']} {SEARCHED} --search random",
    "vae halving": f"{TINY['vae']} {SEARCHED} --search halving",
    "vae chosen space": f"{TINY['vae']} {SEARCHED} --space.lr 1e-4,1e-2,log",
    "gaussians8 pbt resumed": f"gaussians8 {NARROW} {FEW} {SEARCHED} ; --resume {{run}} --rounds 4",
}
CASES = {**EGAN, **VARIANTS, **MODELS, **SEARCHES}
"""Runs by name; a semicolon parts two commands, the second of which may go on with {run}."""

RAY = ("gaussians8", "cgan evolved", "vae pbt")
WORKERS = (1, 3)

TEXTS = {
    "list": "--list",
    "digits": f"digits {DRY_RUN} {OUTPUT}",
    "cgan": f"cgan {DRY_RUN} {OUTPUT}",
    "cgan evolved": f"cgan {EVOLVED} {DRY_RUN} {OUTPUT} --workers 3",
    "gaussians8 pbt": f"gaussians8 {SEARCHED} {DRY_RUN} {OUTPUT} --workers 3",
}
BANDIT = "--evolution.bandit --evolution.contest-every 2"
VECTORIZED = "--arithmetic.vectorize"
REUSED = "--evolution.reuse-gradient"
PBT = "gaussians8 --search pbt"
ERRORS = {
    "preset": "digts",
    "model": "gann",
    "preset of a model": "gan:papr",
    "file of settings": "nowhere/config.yaml",
    "setting in a file": "{data}/mistake.yaml",
    "run to resume": "--resume nowhere",
    "flag": "--populaton 3",
    "flag of a model": "vae --lrr 1",
    "flag of another kind": "gan --fresh-codes",
    "text for a number": "--seed three",
    "choice": "--evolution.selection commma",
    "seed": "--seed -1",
    "generations": "--generations 0",
    "look every": "--look-every 0",
    "workers": "--workers 0",
    "data set": "--data.name digit",
    "data path": "folder",
    "data path that is not there": "folder --data.path nowhere --data.image-size 32",
    "empty folder": "folder --data.path {data}/empty --data.image-size 8",
    "image size left out": "folder --data.path {data}/folder",
    "image size": "--data.image-size 9",
    "channels": "mnist --data.path {data}/mnist --data.channels 2",
    "batches of cifar10": "cifar10 --data.path {data}/empty",
    "damaged npz": "npz --data.path {data}/damaged.npz",
    "network": "--network dcgn",
    "depth of a dcgan": "--network dcgan --depth 2",
    "dcgan of points": "gaussians8 --network dcgan",
    "width": "--discriminator-width 0",
    "latent dim": "--latent-dim 0",
    "lr": "--generator-lr -0.1",
    "betas": "--beta2 1",
    "ema decay": "--ema-decay 1",
    "steps": "--discriminator-steps 0",
    "r1 weight": "--r1-weight -1",
    "mutation": "--evolve heuristik",
    "mutation twice": "--evolve minimax,minimax",
    "survivors": "--evolution.num-survivors 0",
    "evolve without a logit": "wgan --evolve minimax",
    "batch size": "--batch-size 1",
    "contest every": "--evolution.contest-every 0",
    "bandit without contests": "--evolution.bandit",
    "bandit of random mutations": f"{BANDIT} --evolution.random-mutation",
    "bandit of one mutation": f"{BANDIT} --evolve minimax",
    "samples": "--evolution.num-samples 1",
    "diversity weight": "--evolution.diversity-weight -1",
    "diversity cap": "--evolution.diversity-cap 0",
    "nothing to select by": "--evolution.diversity none",
    "reused gradient of pairs": f"{REUSED} --evolution.diversity pairwise",
    "vectorized with statistics": f"{VECTORIZED} --generator-norm batch",
    "vectorized fresh codes": f"{VECTORIZED} --evolution.fresh-codes",
    "features": "--features nowhere:at_all",
    "divergence": f"{VARIANT} --generator-lr 1e30 --discriminator-lr 1e30",
    "search": "--search pbtt",
    "population": f"{PBT} --population 1",
    "space without a search": "--space.generator-lr 0,1",
    "name in a space": f"{PBT} --space.generater-lr 0,1",
    "range of a space": f"{PBT} --space.generator-lr 1e-5..1e-2",
    "bound of a space": f"{PBT} --space.ema-decay 0.9,1",
    "space without a value": f"{PBT} --space.generator-lr",
    "options in pb2": "gaussians8 --search pb2 --space.generator-lr '0.1|0.2'",
    "bound of a model's space": "gan --search pbt --space.beta1 0,1",
    "interval": "gan --interval 0",
    "lr of a model": "gan --generator-lr 0",
    "beta of a model": "gan --beta1 1",
    "width of a model": "gan --width 0",
    "settings of a model": "cgan --network maxout --conditioning cbn",
    "no classes": "cgan --data.name folder --data.path {data}/flat --data.image-size 8",
    "classes of points": "cgan --data.name gaussians8",
    "likelihood of points": "vae --data.name gaussians8",
    "evolve without a discriminator": "vae --evolve minimax",
    "evolve by a mutation": "gan --evolve minmax",
    "evolve by one twice": "gan --evolve minimax,minimax",
    "survivors of a model": "gan --evolve minimax --evolution.num-survivors 0",
    "resumed with a change": f"{TINY['gan']} {ROUNDS} ; --resume {{run}} --generator-lr 0.5",
    "resumed backwards": f"{TINY['gan']} {ROUNDS} ; --resume {{run}} --rounds 1",
    "resumed with a change of E-GAN": f"{VARIANT} ; --resume {{run}} "
    "--evolution.diversity-weight 1",
}
MISTAKE = "preset: gaussians8\ngeneration: 4\n"
QUICK = "runs/gaussians8"
