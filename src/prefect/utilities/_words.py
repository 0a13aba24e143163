"""The words random names are made of: short, friendly, easy to read aloud and to tell apart."""

from __future__ import annotations

# ruff: noqa: SIM905  (hundreds of quoted strings would be harder to read and to keep in order)

ADJECTIVES = """
    able agile airy alert amber ample amused aqua arctic ardent astute atomic autumn awake azure balmy
    basic bold bouncy brave breezy bright brisk bronze bubbly busy calm candid careful caring casual
    cheerful chief chilly cinnamon civil classic clean clear clever cloudy coastal cobalt cool copper
    cordial cosmic cozy creamy crimson crisp curious dapper daring dashing dazzling decent deep deft
    devoted diligent discreet dreamy driven dynamic eager early earnest easy ebony elated electric
    elegant emerald eminent epic equal exact exotic fabled fair faithful famous fancy fast fearless
    festive fine firm fleet fluent fluffy flying fond fresh friendly frosty frugal gallant generous
    gentle genuine giant gifted gilded glad gleaming glowing golden graceful grand grateful great green
    grounded happy hardy hasty hazel hearty helpful honest hopeful humble icy ideal immense indigo
    inventive ivory jade jaunty jolly jovial joyful jubilant just keen kind kindly knowing lacy large
    lasting lavender lean leafy level light lilac lime limber lively logical loyal lucid lucky lunar
    lush magenta magic magnetic majestic maroon mellow merry mighty mild mindful minty misty modern
    modest mossy musical mustard mystic native natural neat nimble noble nocturnal northern notable
    novel oaken obliging olive open optimal orange orderly organic outgoing pacific parallel patient
    peach peaceful pearly peppy persistent plucky plum poetic polar polite precise prime prompt proper
    proud prudent pure purple quaint quick quiet radiant rapid rare ready regal relaxed reliable
    resolute rich robust rosy round royal ruby rural rustic sable sage salty sandy sapphire satin savvy
    scarlet scenic secure sensible serene sharp shiny silent silken silver simple sincere sleek slender
    smart smiling smooth snowy snug sober social soft solar solid sonic sparkling speedy spicy splendid
    spotted spring sprightly stable starry steady stellar sterling still stoic strong sturdy subtle
    sunny super supple sure tactful talented tangy tawny tender thankful thorough thrifty tidy tireless
    topaz tranquil trim tropical true trusty turquoise umber upbeat urban useful valiant velvet verdant
    versatile vibrant vigilant violet vivid warm watchful wavy western whimsical willing winged winter
    wise witty wondrous wooden woolly worthy young zany zealous zesty zippy
""".split()

NOUNS = """
    albatross alpaca anchovy anemone angelfish ant anteater antelope armadillo aspen auk avocet axolotl
    baboon badger bandicoot barbet barnacle barracuda bass bat bear bee beetle beluga binturong birch
    bison bittern bluebird bluejay boar bobcat bongo bonobo bream buffalo bullfinch bumblebee bunting
    butterfly buzzard caiman camel canary capybara caracal cardinal caribou carp cassowary cat
    caterpillar catfish cedar centaur chameleon chamois cheetah chickadee chinchilla chipmunk cicada
    clam clownfish cobra cockatoo cod condor coot coral corgi cormorant cougar coyote crab crane cricket
    crocodile crow cuckoo curlew cuttlefish cypress dachshund deer dingo dinosaur dodo dolphin dormouse
    dotterel dove dragon dragonfly duck dugong dunlin eagle echidna egret eider eland elephant elk elm
    emu ermine falcon fennec ferret finch firefly flamingo flounder flycatcher fox frog fulmar gannet
    gaur gazelle gecko gerbil gibbon giraffe gnu goat godwit goldfinch goose gopher gorilla goshawk
    grasshopper grebe griffin grouper grouse guanaco guillemot gull guppy haddock halibut hamster hare
    harrier hawk hedgehog heron herring hippo hobby hoopoe hornbill horse hound hummingbird hyena ibex
    ibis iguana impala jackal jackdaw jaguar jay jellyfish kakapo kangaroo kestrel kingfisher kite kiwi
    koala koi kookaburra kudu ladybug lamprey lapwing larch lark lemming lemur leopard limpet linnet
    lion lizard llama lobster loon loris lynx macaque macaw mackerel magpie mallard mammoth manatee
    mandrill manta mantis maple marlin marmoset marmot marten martin meerkat merlin mink minnow mole
    mongoose moorhen moose moth mouse mule muskox mussel narwhal newt nightingale nightjar numbat
    nuthatch oak ocelot octopus okapi opossum orangutan orca oriole oryx osprey ostrich otter owl ox
    oyster panda pangolin panther parakeet parrot partridge peacock pelican penguin perch peregrine
    petrel phoenix pigeon pika pike pine pipit piranha plaice platypus plover polecat pony poodle
    porcupine porpoise prawn puffin puma python quail quetzal quokka rabbit raccoon ram raven ray
    redstart reindeer rhino roadrunner robin rook salamander salmon sandpiper sardine sawfish scallop
    scorpion seahorse seal serval shark sheep shrew shrike shrimp skink skua skylark sloth snail snipe
    sole spaniel sparrow spoonbill spruce squid squirrel stag starfish starling stingray stoat stork
    sturgeon sunbird swallow swan swift swordfish tamarin tanager tapir tarpon tarsier teal tench tern
    terrier thrush tiger toad tortoise toucan treecreeper trout tuna turaco turbot turtle unicorn urchin
    vicuna viper vole vulture wagtail wallaby walrus warbler warthog wasp waxwing weasel weaver whale
    wheatear whelk whimbrel wigeon wildcat willow wolf wolverine wombat woodcock woodpecker wren yak
    zebra zebu
""".split()
